"""Commands that show jobs."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from typing import NoReturn
from urllib.parse import urlencode

import click
from msgspec import Struct
from rich.live import Live

from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, pass_server, print_json
from awed.cli.selection import Conditions, conditions_options
from awed.cli.show import Effort, job_facts, jobs_table, needs_table, tasks_table
from awed.cli.steps import failed, failure_of, named, steps_of
from awed.cli.table import Rows, screen
from awed.cli.words import clean, short, worker_name
from awed.client import events as feed
from awed.client.blocking import Server
from awed.client.calls import Answer, Call, Request, answer
from awed.client.jobs import registered
from awed.model.errors import AwedError, Gone
from awed.model.job import Job
from awed.model.times import now
from awed.wire.jobs import JobLine, whole_line

_PAGE = 25
"""How many jobs are listed unless more are asked for."""

_ORDERS = {
    "age": "order=info.submittime",
    "changed": "order=updatetime",
    "name": "order=info.name&direction=asc",
    "state": "order=state&direction=asc",
    "priority": "order=info.priority",
}
"""The keys by which the list can be sorted."""


@click.command()
@conditions_options
@click.option(
    "--sort",
    type=click.Choice([*_ORDERS]),
    default="age",
    show_default=True,
    help="The youngest, latest or highest first.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), help=f"At most so many; 0: all.  [default: {_PAGE}, with --json all]"
)
@click.option("--steps", is_flag=True, help="List the steps of runs as well, which `awe job RUN` lists.")
@click.option("--watch", is_flag=True, help="Show the list anew whenever something happens, until ^C.")
@json_option
@pass_server
def jobs(
    server: Server, conditions: Conditions, sort: str, limit: int | None, *, steps: bool, watch: bool, as_json: bool
) -> None:
    """List jobs, the last submitted one first."""
    if watch and as_json:
        raise click.UsageError("give either --watch or --json; programs hear of changes by GET /events")
    most = limit if limit is not None else 0 if as_json else _PAGE
    chosen = urlencode({**conditions.query(), **({} if steps else {"top": "true"})})
    path = f"/job?{chosen}{'&' if chosen else ''}{_ORDERS[sort]}&limit={most}"
    if watch:
        _watch(server, lambda: jobs_table(server.persist(_list(f"{path}&verbosity=line")).read(list[JobLine]), now()))
    found = server.get(path)
    if as_json:
        print_json(found)
        if 0 < most < found.total_count:
            click.echo(f"truncated: {most} of {found.total_count}", err=True)
        return
    page = [whole_line(job) for job in found.read(list[Job])]
    screen().print(jobs_table(page, now()))
    if found.total_count > len(page):
        click.echo(f"{len(page)} of {found.total_count} jobs; --limit shows more", err=True)


def _list(path: str) -> Call[Answer]:
    return Call(Request("GET", path), answer)


def _watch(server: Server, table: Callable[[], Rows]) -> NoReturn:
    """Show what *table* returns, again whenever something happens, and at least every _AGING seconds."""
    last = server.ask(feed.events(None)).last
    console = screen()
    with Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:
        while True:
            if live is None:
                console.print(table())
            else:
                live.update(table(), refresh=True)
            try:
                last = server.persist(feed.events(last, wait=_AGING)).last
            except Gone:
                last = server.persist(feed.events(None)).last


_AGING = 5.0
"""Seconds after which a list is shown again even if nothing happened, as jobs grow older."""


@click.command()
@job_argument
@json_option
@pass_server
def job(server: Server, job_id: str, as_json: bool) -> None:
    """Show a job, its tasks and where their time went.

    Of a run of a workflow also the steps, and if it failed, by which.
    """
    answer = server.get(f"/job/{find_job(server, job_id)}")
    if as_json:
        print_json(answer)
        return
    document = answer.read(Job)
    console = screen()
    efforts = _efforts(server, document.id)
    console.print(job_facts(document, efforts, now()))
    for step in failed(server, document):
        console.print(f"failed by step {named(step.id, step.info.name)}: {clean(failure_of(step))}")
    console.print()
    console.print(tasks_table(document, efforts, now()))
    if document.is_run:
        found = steps_of(server, document.id)
        console.print()
        console.print(jobs_table([whole_line(step) for step in found.jobs], now()))
        if found.total > len(found.jobs):
            click.echo(f"{len(found.jobs)} of {found.total} steps", err=True)
    needs = needs_table(document)
    if needs:
        console.print()
        console.print(needs)


class _WorkPerf(Struct):
    """What is read of the performance record of a workunit; times in seconds."""

    client_id: str = ""
    runtime: float = 0
    time_predata_in: float = 0
    time_data_in: float = 0
    time_data_out: float = 0


class _JobPerf(Struct):
    """What is read of ``GET /job/<id>?perf``."""

    work_stats: dict[str, _WorkPerf] = {}


def _efforts(server: Server, job_id: str) -> dict[str, Effort]:
    """What workers did and do for each task, by task id, as far as that is known."""
    try:
        perf = server.get(f"/job/{job_id}?perf").read(_JobPerf)
    except AwedError:  # imported jobs have no such record, and other workers may send another form of it
        perf = _JobPerf()
    clients = server.ask(registered())
    names = {client.id: worker_name(client) for client in clients}
    efforts: defaultdict[str, Effort] = defaultdict(Effort)
    for work_id, measured in perf.work_stats.items():
        effort = efforts[work_id.rpartition("_")[0]]
        effort.ran = (effort.ran or 0) + measured.runtime
        moved = measured.time_predata_in + measured.time_data_in + measured.time_data_out
        effort.files = (effort.files or 0) + moved
        effort.add(names.get(measured.client_id, short(measured.client_id)))
    for client in clients:
        for work_id in client.current_work:
            if work_id.startswith(f"{job_id}_"):
                efforts[work_id.rpartition("_")[0]].add(names[client.id])
    return efforts
