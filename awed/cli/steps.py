"""The steps of runs, as commands show them: jobs that name another one as ``info.parent``."""

from collections.abc import Iterator
from typing import NamedTuple

from awed.cli.words import clean, short, title
from awed.client.blocking import Server
from awed.client.calls import Call, Request, answer
from awed.model.job import Job
from awed.model.reasons import Explained
from awed.model.states import JobState

MOST = 1000
"""Steps of a run that are shown."""

_FEW = 10
"""Steps that are explained one by one."""


class Steps(NamedTuple):
    """The steps of a run, the first MOST, and how many there are in all."""

    jobs: list[Job]
    total: int


def steps_of(server: Server, run_id: str, more: str = "") -> Steps:
    """The steps of a run, the oldest first. *more*: further conditions, as for ``GET /job``."""
    order = f"order=info.submittime&direction=asc&limit={MOST}"
    found = server.ask(Call(Request("GET", f"/job?query&info.parent={run_id}{more}&{order}"), answer))
    return Steps(found.read(list[Job]), found.total_count)


def failed(server: Server, run: Job) -> list[Job]:
    """The steps of *run* that failed, by which it is suspended itself."""
    if run.state is not JobState.SUSPEND or not run.is_run:
        return []
    suspended = steps_of(server, run.id, f"&state={JobState.SUSPEND.value}").jobs
    return [step for step in suspended if step.error is not None]


def failure_of(step: Job) -> str:
    """Why a step failed, in one sentence."""
    error = step.error
    return "" if error is None else error.worknotes or error.servernotes or step.notes


def waiting(server: Server, run_id: str) -> Iterator[str]:
    """A line for each of the first steps of a run that are not done: why, as the server explains it."""
    path = f"/job?explain&query&active=true&info.parent={run_id}&order=info.submittime&direction=asc"
    found = server.ask(Call(Request("GET", f"{path}&limit={_FEW}"), answer))
    names = {step.id: step.info.name for step in steps_of(server, run_id, "&active=true").jobs}
    for step in found.read(list[Explained]):
        yield f"Step {named(step.id, names.get(step.id, ''))}: {clean(step.why)}"
    if found.total_count > _FEW:
        yield f"{found.total_count - _FEW} more steps are not done."


def named(job_id: str, name: str) -> str:
    """A step, for people."""
    return f"{title(name)} ({short(job_id)})" if name else short(job_id)
