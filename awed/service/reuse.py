"""Recognises tasks by their commands and inputs, and finds the results of equal ones, so that they need not run."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from awed.model.ids import job_of, task_name
from awed.model.job import IO, OWN_HOST, Task
from awed.model.node import Node
from awed.model.reuse import Result, Reusing
from awed.scheduler.reuse import GROUPS, Wish, latest_id, result_id
from awed.service.splitting import Split

MOST_WORK = 10_000
"""The most workunits of a task that can be recognised, as a job's document lists each workunit that was reused."""

FEW = 3
"""How many of the parts in which two keys differ are named."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Input(NamedTuple):
    """A file that a task reads, and its node; None if it is at a plain URL."""

    io: IO
    node: Node | None


class Finder:
    """Finds the result of an equal task. *wish*: how to recognise the task; *one* loads a result by its id."""

    def __init__(self, wish: Wish, one: Callable[[str], Awaitable[Result | None]]) -> None:
        self._wish = wish
        self._one = one

    async def find(
        self, task: Task, inputs: Sequence[Input], predata: Sequence[Input], split: Split
    ) -> tuple[Reusing, Result | None]:
        """How *task* is recognised, and the result that it may use, None for none.

        *inputs*, *predata*: its files, with their nodes; *split*: how it is split.
        """
        reason = next(_hindrances(task, [*inputs, *predata], split), "")
        if reason:
            return Reusing(unlike=reason), None
        key = {GROUPS: self._wish.groups, **dict(_parts(task, inputs, predata, split))}
        if not self._wish.reads:
            return Reusing(key), None
        result = await self._one(result_id(self._wish.user, key))
        if result is not None:
            return Reusing(key), result
        latest = await self._one(latest_id(self._wish.user, self._wish.name, task_name(task.taskid)))
        return Reusing(key, _unlike(key, latest)), None


def _hindrances(task: Task, files: Sequence[Input], split: Split) -> Iterator[str]:
    """The reasons why a task cannot be recognised."""
    if split.totalwork > MOST_WORK:
        yield f"it has more than {MOST_WORK} workunits"
    if task.cmd.has_private_env:
        yield "it has private variables"
    for io in task.outputs:
        if io.host != OWN_HOST or io.type or io.formoptions or io.nofile:
            yield f"output {io.filename} is not a plain file in the server's own node store"
    for io, node in files:
        if node is None or not node.file.checksum.get("md5"):
            yield f"the content of input {io.filename} is not known"


def _parts(task: Task, inputs: Sequence[Input], predata: Sequence[Input], split: Split) -> Iterator[tuple[str, str]]:
    cmd = task.cmd
    yield "command", _digest([cmd.name, cmd.local])
    yield "arguments", _digest([cmd.args, cmd.args_array])
    yield "environment", _digest(cmd.environ.public)
    yield "script", _digest(cmd.cmd_script)
    yield "image", _digest([cmd.docker_image, cmd.docker_pull])
    yield "split", _digest([split.totalwork, split.part])
    yield "outputs", _digest([_output(io) for io in task.outputs])
    for kind, files in (("input", inputs), ("predata", predata)):
        for io, node in files:
            yield f"{kind} {io.filename}", _digest([io.directory, io.uncompress, io.attrfile, _content(io, node)])


def _output(io: IO) -> Any:
    return [io.filename, io.directory, io.attrfile, io.nodeattr, io.nonzero, io.is_optional]


def _content(io: IO, node: Node | None) -> Any:
    assert node is not None
    return [node.file.checksum["md5"], node.file.size, node.attributes if io.attrfile else None]


def _digest(value: object) -> str:
    return sha256(_encode(value)).hexdigest()


def _unlike(key: Mapping[str, str], latest: Result | None) -> str:
    """What differs from the *latest* run of the task, as a sentence."""
    if latest is None:
        return "no run of it is known"
    names = [name for name in {**key, **latest.key} if key.get(name) != latest.key.get(name)]
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    told = ", ".join(names[:FEW])
    verb = "differs" if len(names) == 1 and not names[0].endswith("s") else "differ"
    run = job_of(latest.origin)
    return f"{told}{more} {verb} from the run in job {run}" if names else f"the result of job {run} is gone"
