"""The TES task of a step: a function of the step and of nothing else, as it is recognised by its document."""

import json
import math
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from cwltool.errors import WorkflowException
from cwltool.pathmapper import MapperEnt

from awed.cwl.paths import is_directory, is_literal
from awed.cwl.tool import OUTDIR, STAGEDIR, Step
from awed.model.job import OWN_HOST
from awed.model.resources import GPUS
from awed.model.tes import COLLECTION, CWL_STEP, DIRECTORY, FILE

MB = 2**20
"""Bytes of a unit of memory and disk in CWL."""

GB = 10**9
"""The same in TES."""


_OWN = ("parent", "expiration")
"""The parameters of a step that do not change its result."""


class Setting(NamedTuple):
    """What is the same for all steps of a run.

    *image*: of those that name none. *takes_images*: whether those that do get theirs. *parent*: the job of the run,
    "" for none. *group*: client groups that may run them, "" for any. *reuse*: whether results of other runs will do.
    *expiration*: after how long the nodes that steps make are deleted, "" for never.
    """

    image: str
    takes_images: bool = True
    parent: str = ""
    group: str = ""
    reuse: bool = False
    expiration: str = ""


def task_of(step: Step, setting: Setting, address: Callable[[str], str]) -> dict[str, Any]:
    """The document of the task. *address*: finds the URL of a file by its location.

    Raises :class:`~cwltool.errors.WorkflowException` for an empty command, and what *address* raises.
    """
    entries = list(step.staged())
    executor = {
        "image": _image(step, setting),
        "command": _command(step),
        "workdir": step.builder.outdir,
        "env": step.environment,
        "ignore_error": any(step.successCodes),
        **{
            name: posixpath.join(step.builder.outdir, path)
            for name in ("stdin", "stdout", "stderr")
            if (path := getattr(step, name))
        },
    }
    task = {
        "name": step.label,
        "inputs": [_input(entry, address) for entry in entries if not is_directory(entry)],
        "outputs": [{"path": step.builder.outdir, "url": f"{OWN_HOST}{COLLECTION}", "type": DIRECTORY}],
        "executors": [executor],
        "resources": {**_amounts(step), "backend_parameters": dict(_parameters(step, setting))},
        "volumes": list(dict.fromkeys([OUTDIR, STAGEDIR, *_directories(step, entries)])),
    }
    return {**task, "tags": {CWL_STEP: _digest(task)}}


def _digest(task: dict[str, Any]) -> str:
    """What is the same for equal steps of all runs."""
    parameters = {name: text for name, text in task["resources"]["backend_parameters"].items() if name not in _OWN}
    said = {**task, "resources": {**task["resources"], "backend_parameters": parameters}}
    return sha256(json.dumps(said).encode()).hexdigest()


def _directories(step: Step, entries: Iterable[MapperEnt]) -> Iterator[str]:
    yield step.builder.outdir
    yield from (entry.target for entry in entries if is_directory(entry))


def _command(step: Step) -> list[str]:
    words = [str(word) for word in step.command_line]
    if not words or not words[0]:
        raise WorkflowException("the command line is empty: it needs a baseCommand or arguments")
    return words


def _input(entry: MapperEnt, address: Callable[[str], str]) -> dict[str, str]:
    source = {"content": entry.resolved} if is_literal(entry) else {"url": address(entry.resolved)}
    return {"path": entry.target, "type": FILE, **source}


def _required_image(step: Step, setting: Setting) -> Mapping[str, Any]:
    """The DockerRequirement of a tool that gets its image, else an empty one."""
    asked, _ = step.get_requirement("DockerRequirement")
    return (asked or {}) if setting.takes_images else {}


def _image(step: Step, setting: Setting) -> str:
    asked = _required_image(step, setting)
    if not asked:
        return setting.image
    for name in ("dockerPull", "dockerImageId"):
        if image := asked.get(name):
            return str(image)
    raise WorkflowException("a DockerRequirement needs dockerPull or dockerImageId here: no image is built")


def _amounts(step: Step) -> dict[str, float]:
    """What the tool asks for; CWL's own defaults are no requests, as a step is ended that has more memory than its
    task asked for."""
    asked, _ = step.get_requirement("ResourceRequirement")
    said, found = {name.removesuffix("Min").removesuffix("Max") for name in asked or ()}, step.builder.resources
    amounts: dict[str, float] = {}
    if "cores" in said:
        amounts["cpu_cores"] = found["cores"]
    if "ram" in said:
        amounts["ram_gb"] = found["ram"] * MB / GB
    if said & {"tmpdir", "outdir"}:
        amounts["disk_gb"] = sum(found[f"{name}Size"] for name in ("tmpdir", "outdir") if name in said) * MB / GB
    return amounts


def _parameters(step: Step, setting: Setting) -> Iterator[tuple[str, str]]:
    yield "network", str(step.networkaccess).lower()
    if _required_image(step, setting):
        yield "entrypoint", "true"
    if step.timelimit:
        yield "walltime", str(step.timelimit)
    if gpus := step.builder.resources.get("cudaDeviceCount"):
        yield GPUS, str(math.ceil(gpus))
    if setting.parent:
        yield "parent", setting.parent
    if setting.group:
        yield "group", setting.group
    if setting.expiration:
        yield "expiration", setting.expiration
