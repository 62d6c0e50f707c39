"""Warns of probable mistakes in a document that can become a job, and checks documents without making a job."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from awed.model.errors import TooLarge
from awed.model.job import IO, NO_NODE, Cmd, Environ, Info, Job, PartInfo, Task
from awed.model.remarks import Remark
from awed.wire.json import plain
from awed.workflow.decoding import arms, field_kinds, is_struct, let_go, parsed
from awed.workflow.document import SentCmd, SentEnviron, SentInfo, SentJob, SentTask, entries
from awed.workflow.faults import MOST, Faulty, Place, listed, quoted, shown
from awed.workflow.reader import NO_LIMITS, DocumentLimits, read_sent
from awed.workflow.submission import Submission

_SHOWN = {SentJob: Job, SentInfo: Info, SentTask: Task, SentCmd: Cmd, SentEnviron: Environ}
"""The records that the server shows, by what people send. A document may be made from a job that the server has
shown: the keys of these records are ignored in it without a warning."""

_CLOSE = 0.65
"""The similarity, from 0 to 1, from which an unknown key is taken for a misspelt one."""


class Advised(Struct):
    """A document that was read, with what to say of it.

    *submission*: None if it cannot become a job, because of *errors*. *nodes*: the files that it reads from nodes, by
    their places. *tasks*, *workunits*: how many it asks for.
    """

    submission: Submission | None
    errors: list[Remark]
    warnings: list[Remark]
    nodes: dict[Place, IO]
    tasks: int
    workunits: int


class _Size(NamedTuple):
    tasks: int
    workunits: int


def read_advised(
    body: bytes,
    *,
    now: datetime,
    new_id: Callable[[], str],
    own_hosts: frozenset[str] = frozenset(),
    limits: DocumentLimits = NO_LIMITS,
    checks: bool = False,
) -> Advised:
    """Read a document, and find probable mistakes in it.

    Arguments and errors as of :func:`~awed.workflow.reader.read_submission`; with *checks*, faults of the document
    and limits that it exceeds are returned as *errors*, not raised.
    """
    limits.admit(body)
    try:
        submission, sent = read_sent(body, now=now, new_id=new_id, own_hosts=own_hosts, limits=limits)
    except (Faulty, TooLarge) as error:
        if not checks:
            raise
        errors = error.remarks if isinstance(error, Faulty) else [Remark("tasks", text) for text in error.texts]
        with parsed(body) as document:
            return Advised(None, errors, some(misspelt(document)), {}, *_asked(document))
    strange: list[Remark] = []
    if _has_unknown_keys(body):
        with parsed(body) as document:
            strange = misspelt(document)
    warnings = some([*strange, *uncalled(sent), *unread(sent), *unsplit(sent)])
    workunits = sum(task.totalwork for task in submission.job.tasks)
    nodes = dict(_nodes(sent))
    let_go(sent.tasks)
    return Advised(submission, [], warnings, nodes, len(submission.job.tasks), workunits)


def some(remarks: Collection[Remark]) -> list[Remark]:
    """The first MOST of *remarks*, and one with the number of the others."""
    more = len(remarks) - MOST
    return [*islice(remarks, MOST), *([Remark("document", f"and {more} more of the kind")] if more > 0 else [])]


def _asked(document: Any) -> _Size:
    """How many tasks and workunits a faulty document seems to ask for."""
    tasks = document.get("tasks") if isinstance(document, dict) else None
    found = [task for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
    works = [work if isinstance(work := task.get("totalwork"), int) else 1 for task in found]
    return _Size(len(found), sum(max(1, work) for work in works))


def misspelt(document: Any) -> list[Remark]:
    """A remark for each unknown key of a document."""
    return [Remark(shown(place), text) for place, text in _strange(document, SentJob, ())]


def _has_unknown_keys(body: bytes) -> bool:
    """Whether a document has unknown keys, or may have. Most have none, which one decoding finds out quickly."""
    try:
        # The tasks one by one: to decode all in one call would hold the interpreter, and with it the reactor.
        tasks: list[Raw] = msgspec.json.decode(plain(body), type=_strict(SentJob, apart="tasks")).tasks or []
        decode = msgspec.json.Decoder(_strict(SentTask)).decode
        for task in tasks:
            decode(task)
    except msgspec.ValidationError:
        return True
    return False


@cache
def _strict(kind: type[Struct], apart: str = "") -> type[Any]:
    """A type to decode to, with the known keys of *kind* and no others, and any values. *apart*: the field that is a
    list of values that are not decoded, with any keys."""
    kinds, inner = field_kinds(kind), _inner(kind)
    names = sorted(_known(kind) - {apart})
    types = [_strict_inner(kinds[name]) if name in inner else Raw for name in names]
    fields = [
        (f"field{number}", of, msgspec.field(default=None, name=name))
        for number, (name, of) in enumerate(zip(names, types, strict=True))
    ]
    if apart:
        fields.append((apart, list[Raw], None))
    return msgspec.defstruct(kind.__name__, fields, forbid_unknown_fields=True)


def _strict_inner(of: Any) -> Any:
    """The type to decode a field to which holds structs, or lists or dicts of them."""
    strict: Any = None
    for arm in filter(_has_fields, arms(of)):
        inner = get_args(arm)
        strict = strict | (get_origin(arm)[(*inner[:-1], _strict(inner[-1]))] if inner else _strict(arm))
    return strict


def _strange(value: Any, kind: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """The places of the unknown keys in *value*, which is of the type *kind*, each with a sentence."""
    for arm in arms(kind):
        if isinstance(value, dict) and is_struct(arm):
            fields = field_kinds(arm)
            if not value.keys() <= _known(arm):
                for name in sorted(value.keys() - _known(arm)):
                    yield (*place, name), _unknown(name, fields)
            inner: Iterable[tuple[str | int, Any, Any]] = (
                (name, value[name], fields[name]) for name in _inner(arm) if name in value
            )
        elif isinstance(value, dict) and get_origin(arm) is dict and is_struct(get_args(arm)[1]):
            inner = ((name, item, get_args(arm)[1]) for name, item in value.items())
        elif isinstance(value, list) and get_origin(arm) is list and is_struct(get_args(arm)[0]):
            inner = ((number, item, get_args(arm)[0]) for number, item in enumerate(value))
        else:
            continue
        for step, item, of in inner:
            yield from _strange(item, of, (*place, step))


@cache
def _known(kind: type[Struct]) -> frozenset[str]:
    """The keys of a *kind* that need no warning: those that are read, and those that the server shows."""
    return frozenset(field_kinds(kind)) | frozenset(field_kinds(_SHOWN.get(kind, kind)))


@cache
def _inner(kind: type[Struct]) -> tuple[str, ...]:
    """The fields of *kind* that hold structs, or lists or dicts of them."""
    return tuple(name for name, of in field_kinds(kind).items() if any(map(_has_fields, arms(of))))


def _has_fields(arm: Any) -> bool:
    return is_struct(arm) or any(map(is_struct, get_args(arm)))


def _unknown(name: str, fields: Collection[str]) -> str:
    plain = {_plain(field): field for field in fields}
    close = get_close_matches(_plain(name), plain, 1, _CLOSE)
    return "unknown key, ignored" + (f"; did you mean {quoted(plain[close[0]])}?" if close else "")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


_WORDS = re.compile(r"""(?:[^'"\\]++|\\.|'[^']*+'|"(?:[^"\\]++|\\.)*+")*+""", re.DOTALL)
"""What can be split as by a shell."""

_QUOTED = re.compile(r"""\\.|'[^']*+'|"(?:[^"\\]++|\\.)*+\"""", re.DOTALL)

_SHELL = re.compile(r"(?:^|\s)(\|\|?|&&|>>?|<|2>(?:&1)?)(?=\s|$)")
"""A word that stands for something in a shell alone."""


_LONGEST = 100_000
"""Characters of arguments that are looked at: no more go to a program, and one look holds the interpreter."""


def uncalled(sent: SentJob) -> Iterator[Remark]:
    """A remark for each command that no worker could call as it is written."""
    for number, task in enumerate(sent.tasks):
        place = ("tasks", number, "cmd")
        if " " in task.cmd.name and "/" not in task.cmd.name:
            yield Remark(shown((*place, "name")), "a program's name has no blanks: its arguments belong in args")
        args = "" if task.cmd.args_array or len(task.cmd.args) > _LONGEST else task.cmd.args
        if not _WORDS.fullmatch(args):
            yield Remark(shown((*place, "args")), "cannot be split as by a shell: a quotation is not closed")
        elif found := _SHELL.search(_QUOTED.sub("_", args)):
            text = f"no shell is asked, {quoted(found[1])} is an argument like others: cmd_script has lines of shell"
            yield Remark(shown((*place, "args")), text)


def unread(sent: SentJob) -> Iterator[Remark]:
    """A remark for each output that no task reads, of tasks on which others depend; outputs of other tasks are
    results.

    Origins of inputs must be settled: short names of tasks.
    """
    files = [io for task in sent.tasks for named in (task.inputs, task.outputs) for _, io in entries(named)]
    read = {(io.origin, io.filename) for io in files if io.origin}
    awaited = {_short(name) for task in sent.tasks for name in task.depends_on} | {origin for origin, _ in read}
    for number, task in enumerate(sent.tasks):
        name = _short(task.taskid)
        for key, io in entries(task.outputs) if name in awaited else ():
            if (name, io.filename) not in read:
                yield Remark(shown(("tasks", number, "outputs", key)), "no task reads this output")


def unsplit(sent: SentJob) -> Iterator[Remark]:
    """A remark for each ``partinfo`` that is ignored because it names no input of its task."""
    for number, task in enumerate(sent.tasks):
        part = task.partinfo
        if isinstance(part, PartInfo) and part.input:
            names = [io.filename for _, io in entries(task.inputs)]
            if part.input not in names:
                text = f"no input {quoted(part.input)} (there are: {listed(names)}), ignored"
                yield Remark(shown(("tasks", number, "partinfo", "input")), text)


def _short(task_id: str) -> str:
    return task_id.rpartition("_")[2]


def _nodes(sent: SentJob) -> Iterator[tuple[Place, IO]]:
    for number, task in enumerate(sent.tasks):
        for kind, files in (("inputs", task.inputs), ("predata", task.predata)):
            for key, io in entries(files):
                if io.node != NO_NODE:
                    yield ("tasks", number, kind, key), io
