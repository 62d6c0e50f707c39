"""What a crate tells of the runs of a task: which there were, when, of what, and how they ended."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from awed.crates.terms import COMPLETED, FAILED, Entity, iso, local
from awed.model.attempts import DONE, Attempt, Used, used_of
from awed.model.ids import parse_work_id, work_id
from awed.model.job import Task
from awed.model.states import TaskState
from awed.model.times import NO_TIME
from awed.model.work import Perf, PerfRecord

_BYTE, _SECOND = "https://qudt.org/vocab/unit/BYTE", "https://qudt.org/vocab/unit/SEC"


class Run(NamedTuple):
    """A run of a workunit. *attempt*: what the task tells of it, if anything; *is_done*: whether it went well."""

    work: str
    attempt: Attempt | None
    is_done: bool

    @property
    def rank(self) -> int:
        """The rank of the workunit."""
        return parse_work_id(self.work).rank

    @property
    def id(self) -> str:
        """What the run is called in the crate."""
        return local(self.work if self.is_done or not self.attempt else f"{self.work}/{self.attempt.attempt}")


def done_ranks(task: Task) -> Sequence[int]:
    """The ranks that are done, in order. Of a task that is not completed, those that its last attempts tell of."""
    if task.state is TaskState.COMPLETED:
        return task.ranks
    return sorted({parse_work_id(one.work).rank for one in task.attempts if one.cause == DONE})


def runs_of(task: Task) -> Iterator[Run]:
    """The runs of *task* that are told: of each rank that is done the one that went well, in the order of ranks; then
    those of its last attempts that failed."""
    done = {one.work: one for one in task.attempts if one.cause == DONE}
    works = (work_id(task.taskid, rank) for rank in done_ranks(task))
    yield from (Run(work, done.get(work), is_done=True) for work in works)
    yield from failed_runs(task)


def failed_runs(task: Task) -> Iterator[Run]:
    """Those of the last attempts of *task* that failed."""
    return (Run(one.work, one, is_done=False) for one in task.attempts if one.cause != DONE)


def title_of(step: str, task: Task, run: Run) -> str:
    """A name for people: the *step*, which part of the task, and which attempt that failed."""
    part = f", part {run.rank} of {task.totalwork}" if run.rank else ""
    attempt = f", attempt {run.attempt.attempt}" if run.attempt and not run.is_done else ""
    return f"{step}{part}{attempt}"


def command_of(task: Task) -> str:
    """The command line of *task*, or its script; those of a TES task, one a line. No private variable is in it."""
    if task.tes:
        return "\n".join(shlex.join(one.command) for one in task.tes.executors)
    cmd = task.cmd
    if cmd.cmd_script:
        return "\n".join(cmd.cmd_script)
    return " ".join(filter(None, (cmd.name, shlex.join(cmd.args_array) or cmd.args)))


def times_of(task: Task, run: Run, perf: PerfRecord | None) -> Entity:
    """When a run began and ended: by its attempt, by its performance record, or else by its task."""
    begun, ended = (run.attempt.begun, run.attempt.ended) if run.attempt else _measured(perf)
    begun = begun if begun != NO_TIME else task.starteddate
    ended = ended if ended != NO_TIME else task.completeddate
    return {"startTime": iso(begun), "endTime": iso(ended)}


def _measured(perf: PerfRecord | None) -> tuple[datetime, datetime]:
    """When a run was checked out and delivered; ``NO_TIME`` for what is not told."""
    try:
        told = msgspec.convert(perf.perf if perf else {}, Perf, strict=False)
        begun, ended = (
            datetime.fromtimestamp(seconds, UTC) if seconds else NO_TIME
            for seconds in (told.checkout, told.deliver or told.done)
        )
    except (msgspec.ValidationError, OverflowError, ValueError, OSError):  # a worker may report anything
        return NO_TIME, NO_TIME
    return begun, ended


def status_of(run: Run) -> Entity:
    """Whether a run went well, and why not."""
    if run.is_done or run.attempt is None:
        return {"actionStatus": COMPLETED}
    return {"actionStatus": FAILED, "error": run.attempt.words}


def usage_of(run: Run, perf: PerfRecord | None, base: str) -> Iterator[Entity]:
    """What a run used, each an entity. *base*: the address of the server, whose API describes the quantities."""
    used = (run.attempt and run.attempt.used) or (used_of(perf.perf) if perf else None)
    for name in Used.__struct_fields__ if used else ():
        if amount := getattr(used, name):
            yield {
                "@id": f"{run.id}/{name}",
                "@type": "PropertyValue",
                "name": name,
                "propertyID": f"{base}/openapi.json#/components/schemas/Used/properties/{name}",
                "unitCode": _SECOND if name == "cpu" else _BYTE,
                "value": str(amount),
            }
