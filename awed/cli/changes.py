"""Commands that change jobs: each names jobs by ids or conditions, and asks before it changes several."""

import re
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import quote

import click
from msgspec import Struct

from awed.cli.completion import complete_tasks
from awed.cli.errors import Mistake, require
from awed.cli.lookup import Line, find_line
from awed.cli.options import NOT_DONE, complain, confirm, job_argument, pass_server, yes_option
from awed.cli.selection import Jobs, jobs_options, require_jobs
from awed.cli.words import STATES, clean, counted
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.client.calls import Answer, Call, Request, answer
from awed.model.errors import AwedError
from awed.model.ids import task_name
from awed.model.states import JobState

_AT_ONCE = 8
"""How many requests are under way at once."""

_NAMED = 3
"""The most jobs that a question names."""

_ENDED = frozenset({JobState.COMPLETED, JobState.DELETED})
_DELETED = frozenset({JobState.DELETED})
_ACTIVE_OR_DELETED = frozenset({None, JobState.DELETED})

_all_option = click.option("--all", "every", is_flag=True, help="All suspended jobs.")


class Change(Struct, frozen=True):
    """A change of jobs. *method*, *query*: of its requests; *verb*: for the question; *done*: for the final message.

    *never*: states of jobs that it is not made to, None for active jobs; *why*: the reason. *loses*: what is lost for
    good. *asks*: whether there is a question also for a single job.
    """

    verb: str
    done: str
    query: str = ""
    method: str = "PUT"
    never: Collection[JobState | None] = ()
    why: str = ""
    loses: str = ""
    asks: bool = False

    def refusal(self, job: Line) -> str:
        """Why the change cannot be made to *job*, "" if it can."""
        if job.state not in self.never:
            return ""
        return f"{job.label} is {STATES[job.state] if job.state else 'active'}: {self.why}"

    def make(self, server: Server, job: Line) -> str:
        """Make the change to *job*. Returns the error as a text, "" if there is none."""
        path = f"/job/{job.id}{f'?{self.query}' if self.query else ''}"
        try:
            server.ask(Call(Request(self.method, path), answer))
        except AwedError as error:
            return f"{job.label}: {error}"
        return ""


def changed(server: Server, chosen: Jobs, change: Change, yes: bool) -> int:
    """Make *change* to those of the jobs to which it can be made; first ask, unless it is a single job and nothing is
    lost. *yes*: do not ask.

    Returns the exit status: NOT_DONE if the server refused, or a job that was named was left out.
    """
    found = chosen.find(server)
    refusals = [refusal for job in found if (refusal := change.refusal(job))]
    jobs = [job for job in found if not change.refusal(job)]
    if chosen.texts:
        complain(*refusals)
    elif refusals:
        complain(f"{counted(len(refusals), 'job')} left alone: {change.why}")
    if not jobs:
        if not refusals:
            complain("no job is like that")
        return NOT_DONE if chosen.texts else 0
    if change.asks or not chosen.is_one:
        confirm(_question(change, jobs), yes)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        faults = [fault for fault in threads.map(partial(change.make, server), jobs) if fault]
    complain(*faults)
    if len(faults) < len(jobs):
        click.echo(f"{jobs[0].label if len(jobs) == 1 else counted(len(jobs) - len(faults), 'job')}: {change.done}")
    return NOT_DONE if faults or (refusals and chosen.texts) else 0


def _question(change: Change, jobs: Sequence[Line]) -> str:
    named = ", ".join(job.label.removeprefix("job ") for job in jobs[:_NAMED])
    more = f" and {len(jobs) - _NAMED} more" if len(jobs) > _NAMED else ""
    which = jobs[0].label if len(jobs) == 1 else f"{len(jobs)} jobs: {named}{more}"
    return f"{change.verb} {which}{change.loses}?"


@click.command()
@jobs_options
@yes_option
@pass_server
def suspend(server: Server, chosen: Jobs, yes: bool) -> int:
    """Take the work of jobs out of the queue until they are resumed."""
    require_jobs(chosen)
    change = Change("Suspend", "suspended", "suspend", never=_ENDED, why="there is nothing to suspend")
    return changed(server, chosen, change, yes)


@click.command()
@jobs_options
@_all_option
@yes_option
@pass_server
def resume(server: Server, chosen: Jobs, every: bool, yes: bool) -> int:
    """Let suspended jobs go on."""
    require_jobs(chosen, every)
    if every:
        _tell_all(server.put("/job?resumeall"), "resumed")
        return 0
    never = frozenset({None}) | _ENDED
    return changed(server, chosen, Change("Resume", "resumed", "resume", never=never, why=_NOT_RESUMED), yes)


def _tell_all(done: Answer, what: str) -> None:
    """Say to how many suspended jobs was done *what*: the number is in the server's text, whose words are others'."""
    text = done.read(str)
    number = re.search(r"\d+", text)
    click.echo(f"{counted(int(number[0]), 'suspended job')}: {what}" if number else clean(text))


_NOT_RESUMED = "there is nothing to resume"


@click.command()
@jobs_options
@_all_option
@click.option("--full", is_flag=True, help="Remove document, logs and files as well.")
@yes_option
@pass_server
def delete(server: Server, chosen: Jobs, every: bool, full: bool, yes: bool) -> int:
    """End jobs for good."""
    require_jobs(chosen, every)
    lost = " with documents, logs and files" if full else ""
    if every:
        confirm(f"Delete all suspended jobs{lost}?", yes)
        _tell_all(server.delete(f"/job?suspend{'&full' if full else ''}"), f"deleted{lost}")
        return 0
    change = Change(
        "Delete",
        f"deleted{lost}",
        "full" if full else "",
        method="DELETE",
        never=() if full else _DELETED,
        why="there is nothing to delete without --full",
        loses=lost,
        asks=True,
    )
    return changed(server, chosen, change, yes)


@click.command()
@job_argument
@click.argument("task", shell_complete=complete_tasks)
@yes_option
@pass_server
def recompute(server: Server, job_id: str, task: str, yes: bool) -> int:
    """Run TASK of a completed or suspended job again, and all after it."""
    return _recomputed(server, job_id, task, yes)


@click.command()
@job_argument
@click.option(
    "--from", "task", metavar="TASK", shell_complete=complete_tasks, help="Run this task again, and all after it."
)
@yes_option
@pass_server
def rerun(server: Server, job_id: str, task: str | None, yes: bool) -> int:
    """Run again what failed in a job, and what depends on it."""
    if task is not None:
        return _recomputed(server, job_id, task, yes)
    found = find_line(server, job_id)
    error = server.ask(calls.job(found.id)).error if found.state is JobState.SUSPEND else None
    if error is None:
        raise Mistake(
            f"in {found.label} nothing failed: --from TASK says where to begin, awe resubmit runs all of it again"
        )
    failed = f"runs again from task {clean(task_name(error.taskfailed))}" if error.taskfailed else "goes on"
    return changed(server, Jobs((found.id,)), Change("Resume", failed, "resume"), yes)


def _recomputed(server: Server, job_id: str, task: str, yes: bool) -> int:
    change = Change(
        "Run again",
        f"runs again from task {clean(task)}",
        f"recompute={quote(task, safe='')}",
        never=_ACTIVE_OR_DELETED,
        why=_NOT_AGAIN,
        loses=f" from task {clean(task)} on, and remove the outputs and logs from there",
        asks=True,
    )
    found = find_line(server, job_id)
    if not change.refusal(found):
        require(task, [task_name(one.taskid) for one in server.ask(calls.job(found.id)).tasks], "task")
    return changed(server, Jobs((found.id,)), change, yes)


_NOT_AGAIN = "only what is completed or suspended runs again"


@click.command()
@jobs_options
@yes_option
@pass_server
def resubmit(server: Server, chosen: Jobs, yes: bool) -> int:
    """Run completed or suspended jobs again from their beginning."""
    require_jobs(chosen)
    change = Change(
        "Run again",
        "runs again from its beginning",
        "resubmit",
        never=_ACTIVE_OR_DELETED,
        why=_NOT_AGAIN,
        loses=" from the beginning, and remove all outputs and logs",
        asks=True,
    )
    return changed(server, chosen, change, yes)


@click.command()
@jobs_options
@click.argument("priority", type=int)
@yes_option
@pass_server
def priority(server: Server, chosen: Jobs, priority: int, yes: bool) -> int:
    """Change the PRIORITY of jobs: the highest goes first."""
    return _steered(server, chosen, f"priority={priority}", f"priority {priority}", yes)


@click.command()
@jobs_options
@click.argument("groups")
@yes_option
@pass_server
def group(server: Server, chosen: Jobs, groups: str, yes: bool) -> int:
    """Let only workers of GROUPS (a,b) run jobs."""
    return _steered(server, chosen, f"clientgroup={quote(groups, safe='')}", f"groups {clean(groups)}", yes)


@click.command()
@jobs_options
@click.argument("time")
@yes_option
@pass_server
def expire(server: Server, chosen: Jobs, time: str, yes: bool) -> int:
    """Delete jobs once TIME from now (30M, 12H, 7D) has passed and they are done."""
    return _steered(server, chosen, f"expiration={quote(time, safe='')}", f"expires in {clean(time)}", yes)


def _steered(server: Server, chosen: Jobs, query: str, told: str, yes: bool) -> int:
    require_jobs(chosen, purpose=f" get {told}")
    change = Change(f"Set {told} for", told, query, never=_DELETED, why="nothing of it is changed")
    return changed(server, chosen, change, yes)
