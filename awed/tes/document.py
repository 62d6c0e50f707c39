"""Reads the document of a TES task, and makes a job of it."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from awed.model.addresses import address, has_user, without_password
from awed.model.job import OWN_HOST
from awed.model.quantities import is_duration
from awed.model.resources import CORES, DISK, GPUS, MEMORY, amount_of
from awed.model.tes import (
    APP,
    COLLECTION,
    DIRECTORY,
    FILE,
    SYSTEM,
    TREE,
    WILDCARDS,
    Executor,
    Input,
    Output,
    Resources,
    TesTask,
)
from awed.workflow.decoding import decode
from awed.workflow.faults import Faults, Place, quoted
from awed.workflow.reader import DocumentLimits, read_submission
from awed.workflow.submission import Submission
from awed.workflow.values import check_path

ENTRYPOINT, EXPIRATION, GROUP, NETWORK = "entrypoint", "expiration", "group", "network"
PARENT, PRIORITY, WALLTIME = "parent", "priority", "walltime"

PARAMETERS = (ENTRYPOINT, EXPIRATION, GPUS, GROUP, NETWORK, PARENT, PRIORITY, WALLTIME)
"""The backend parameters that every server knows; the others are the names of resources that workers offer."""

GB = 10**9
"""Bytes of a GB, as TES counts."""

MOST_EXECUTORS = 100
"""The most executors of a task: the ends of stdout and stderr are kept for each."""

_WEB = ("http://", "https://", f"{OWN_HOST}/")
"""How the URLs begin of inputs that any worker can fetch: at web servers, and of the daemon's own nodes."""

_OWN_NODE = re.compile(rf"{OWN_HOST}{COLLECTION}/([^/?]+)(?:\?download)?")
_NUMBER = re.compile(r"[0-9]{1,18}")


def read_task(
    body: bytes,
    kinds: Collection[str],
    *,
    now: datetime,
    new_id: Callable[[], str],
    own_hosts: frozenset[str],
    limits: DocumentLimits,
) -> Submission:
    """The job that the TES task *body* becomes. *kinds*: names of the resources that workers offer.

    Raises :class:`~awed.workflow.faults.Faulty` with all that is wrong with the document,
    :class:`~awed.model.errors.Invalid` for what is no JSON, and :class:`~awed.model.errors.TooLarge`.
    """
    limits.admit(body)
    faults = Faults()
    sent = decode(body, TesTask, faults)
    known = _Parameters(sent.resources or Resources(), kinds, faults)
    _check(sent, faults)
    faults.refuse_any()
    document = msgspec.json.encode(_job(sent, known))
    submission = read_submission(document, now=now, new_id=new_id, own_hosts=own_hosts, limits=limits)
    (task,) = submission.job.tasks
    task.tes = _settled(sent, known, own_hosts)
    submission.size = len(document) + len(body)
    submission.hosts |= {one.host for one in task.tes.outputs}
    return submission


class _Parameters:
    """The resources of a task, as awed has them. Notes wrong backend parameters, and unknown ones if strict."""

    def __init__(self, said: Resources, kinds: Collection[str], faults: Faults) -> None:
        self.known: dict[str, str] = {}
        """The backend parameters that this server knows."""
        self.unknown: list[str] = []
        self.values: dict[str, str] = {}
        self.needs = {
            name: amount
            for name, amount in (
                (CORES, said.cpu_cores),
                (MEMORY, said.ram_gb and _bytes(said.ram_gb)),
                (DISK, said.disk_gb and _bytes(said.disk_gb)),
            )
            if amount
        }
        for name, amount in self.needs.items():
            try:
                amount_of(name, amount)
            except ValueError as error:
                faults.at(("resources",), f"{name}: {error}")
        names = {kind.lower(): kind for kind in (*kinds, *PARAMETERS)}
        for key, text in said.backend_parameters.items():
            self._read(key, names.get(key.lower()), text, said.backend_parameters_strict, faults)

    def _read(self, key: str, name: str | None, text: str, strict: bool, faults: Faults) -> None:
        place: Place = ("resources", "backend_parameters", key)
        if name is None or name in (CORES, MEMORY, DISK):
            self.unknown.append(key)
            if strict:
                faults.at(
                    place, f"is not known here, which backend_parameters_strict forbids ({', '.join(PARAMETERS)})"
                )
            return
        self.known[key] = text
        if name in (ENTRYPOINT, GROUP, NETWORK, PARENT):
            self.values[name] = text
        elif name == EXPIRATION:
            if not is_duration(text):
                faults.at(place, f"{quoted(text)} is no number followed by M, H or D")
        elif not _NUMBER.fullmatch(text):
            faults.at(place, f"{quoted(text)} is no whole number")
        elif name in (PRIORITY, WALLTIME):
            self.values[name] = text
        else:
            self.needs[name] = int(text)


def _bytes(gb: float) -> int:
    """Bytes of so many GB; too many for any task where the product is no number."""
    return round(min(gb * GB, 1e30))


def _job(sent: TesTask, said: _Parameters) -> dict[str, Any]:
    """The document of the job. Inputs that any worker can fetch become its inputs; TES workers do the rest."""
    first = sent.executors[0]
    task = {
        "taskid": APP,
        "cmd": {"name": APP, "args_array": first.command, "Dockerimage": first.image},
        "inputs": [
            {"filename": f"{TREE}{one.path}", **_source(one.url)}
            for one in sent.inputs
            if not one.content and one.url.lower().startswith(_WEB)
        ],
        "resources": said.needs,
        "walltime": int(said.values.get(WALLTIME, 0)),
    }
    info = {
        "name": sent.name or APP,
        "description": sent.description,
        "service": APP,
        "clientgroups": said.values.get(GROUP, ""),
        "priority": int(said.values.get(PRIORITY, 1)),
        "noretry": True,
        "parent": said.values.get(PARENT, ""),
        "userattr": sent.tags,
    }
    return {"info": info, "tasks": [task]}


def _source(url: str) -> dict[str, str]:
    """The fields of an input of the job that say where it is."""
    node = _OWN_NODE.fullmatch(url)
    return {"url": url} if node is None else {"host": OWN_HOST, "node": node[1]}


def _settled(sent: TesTask, said: _Parameters, own_hosts: frozenset[str]) -> TesTask:
    """*sent* as it is stored: types are filled in, passwords and unknown backend parameters are left out; the
    daemon's own node store is called the same for all, whose address depends on who asks."""
    inputs = [replace(one, url=without_password(one.url)[0], type=one.type or FILE) for one in sent.inputs]
    outputs = [replace(one, type=one.type or FILE, url=_settled_url(one, own_hosts)) for one in sent.outputs]
    resources = sent.resources and replace(sent.resources, backend_parameters=said.known)
    return replace(sent, inputs=inputs, outputs=outputs, resources=resources)


def _settled_url(output: Output, own_hosts: frozenset[str]) -> str:
    is_own = output.host.lower() in {host.lower() for host in own_hosts}
    return f"{OWN_HOST}{COLLECTION}" if is_own else output.url


def _check(sent: TesTask, faults: Faults) -> None:
    if not sent.executors:
        faults.at(("executors",), "a task has at least one executor")
    if len(sent.executors) > MOST_EXECUTORS:
        faults.at(("executors",), f"a task has at most {MOST_EXECUTORS} executors")
    for number, executor in enumerate(sent.executors):
        _check_executor(executor, ("executors", number), faults)
    for number, path in enumerate(sent.volumes):
        _check_path(path, ("volumes", number), faults)
    _check_inputs(sent, faults)
    _check_outputs(sent, faults)


def _check_executor(executor: Executor, place: Place, faults: Faults) -> None:
    if not executor.image:
        faults.at((*place, "image"), "missing")
    if not executor.command or not executor.command[0]:
        faults.at((*place, "command"), "missing")
    for name in ("workdir", "stdin", "stdout", "stderr"):
        if path := getattr(executor, name):
            _check_path(path, (*place, name), faults, workdir=name == "workdir")
    for name in executor.env:
        if not name or "=" in name:
            begin, equals, _ = name.partition("=")  # what follows is the value, which may be a secret
            faults.at((*place, "env"), f"{quoted(begin + equals)} cannot be the name of a variable")


def _check_inputs(sent: TesTask, faults: Faults) -> None:
    taken: dict[str, int] = {}
    for number, one in enumerate(sent.inputs):
        place: Place = ("inputs", number)
        _check_path(one.path, (*place, "path"), faults)
        _check_type(one, place, faults)
        if taken.setdefault(one.path, number) != number:
            faults.at((*place, "path"), f"{quoted(one.path)} is the path of inputs[{taken[one.path]}] already")
        if not one.content and not one.url and one.type == DIRECTORY:
            faults.at((*place, "url"), "missing")
        if not one.content and one.url.lower().startswith(_WEB[:2]):
            _check_web(one.url, one.type, place, faults)
    for number, one in enumerate(sent.inputs):
        for parent in _parents(one.path):
            above = taken.get(parent)
            if above is not None and sent.inputs[above].type != DIRECTORY:
                faults.at(("inputs", number, "path"), f"{quoted(one.path)} lies below a file, inputs[{above}]")


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _check_web(url: str, type: str, place: Place, faults: Faults) -> None:
    if type == DIRECTORY:
        faults.at((*place, "type"), "a directory cannot be fetched from a web server")
    try:
        address(url)
    except ValueError as error:
        faults.at((*place, "url"), str(error))


def _check_outputs(sent: TesTask, faults: Faults) -> None:
    for number, one in enumerate(sent.outputs):
        place: Place = ("outputs", number)
        _check_path(one.path, (*place, "path"), faults)
        _check_type(one, place, faults)
        if not one.url:
            faults.at((*place, "url"), "missing")
        if has_user(one.url):
            faults.at((*place, "url"), "the URL of an output takes no user and password")
        if not WILDCARDS.search(one.path):
            continue
        if not one.path_prefix:
            faults.at((*place, "path_prefix"), "missing, as the path has wildcards")
        elif WILDCARDS.search(one.path_prefix) or not one.path.startswith(one.path_prefix):
            faults.at((*place, "path_prefix"), f"{quoted(one.path_prefix)} is not how the path begins")


def _check_type(one: Input | Output, place: Place, faults: Faults) -> None:
    if one.type not in ("", FILE, DIRECTORY):
        faults.at((*place, "type"), f"{quoted(one.type)} is neither {FILE} nor {DIRECTORY}")
    if one.type != DIRECTORY and one.path.rstrip("/") and one.path.endswith("/"):
        faults.at((*place, "path"), f"{quoted(one.path)} ends with a /, as only that of a {DIRECTORY} may")


def _check_path(path: str, place: Place, faults: Faults, *, workdir: bool = False) -> None:
    """Note a fault of a path of the task. *workdir*: whether it may be a directory of the system."""
    if not path:
        faults.at(place, "missing")
    elif not path.startswith("/"):
        faults.at(place, f"{quoted(path)} is not absolute")
    elif SYSTEM.match(path) and not workdir:
        faults.at(place, f"{quoted(path)} is in a folder of the system")
    else:
        check_path(path.strip("/") if len(path) > 1 and workdir else path[1:].removesuffix("/"), place, faults)
        if path == "/" and not workdir:
            faults.at(place, "the root cannot be a path of the task")


def offered(amounts: Iterable[Iterable[str] | None]) -> set[str]:
    """The names of all resources that workers with these *amounts* offer."""
    return {name for one in amounts for name in one or ()}
