"""Commands that show jobs."""

import click
from msgspec import Struct

from awed.cli.client import Refused, Server
from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, now, pass_server, print_json
from awed.cli.show import job_facts, jobs_table, screen, short, tasks_table
from awed.cli.waiting import worker_name
from awed.model.client import Client
from awed.model.job import Job
from awed.model.states import JobState

_STATES = [str(state) for state in JobState]


@click.command()
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these; may be repeated.")
@click.option("--limit", default=25, show_default=True, type=click.IntRange(min=0), help="At most so many; 0: all.")
@json_option
@pass_server
def jobs(server: Server, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List jobs, the last changed one first."""
    query = f"query&state={','.join(states)}&" if states else ""
    answer = server.get(f"/job?{query}limit={limit}")
    if as_json:
        print_json(answer)
        return
    page = answer.read(list[Job])
    screen().print(jobs_table(page, now()))
    if answer.total_count > len(page):
        click.echo(f"{len(page)} of {answer.total_count} jobs; --limit shows more", err=True)


@click.command()
@job_argument
@json_option
@pass_server
def job(server: Server, job_id: str, as_json: bool) -> None:
    """Show a job, its tasks and where their time went."""
    answer = server.get(f"/job/{find_job(server, job_id)}")
    if as_json:
        print_json(answer)
        return
    document = answer.read(Job)
    console = screen()
    console.print(job_facts(document, now()))
    console.print()
    console.print(tasks_table(document, _workers(server, document.id), now()))


class _Stay(Struct):
    """Where a workunit was run."""

    client_id: str = ""


class _Perf(Struct):
    """What matters here of ``GET /job/<id>?perf``."""

    work_stats: dict[str, _Stay] = {}


def _workers(server: Server, job_id: str) -> dict[str, str]:
    """Who ran each task, by task id."""
    try:
        stays = server.get(f"/job/{job_id}?perf").read(_Perf).work_stats
    except Refused:  # an imported job has no such record
        return {}
    names = {client.id: worker_name(client) for client in server.get("/client").read(list[Client])}
    ran: dict[str, dict[str, None]] = {}
    for work_id, stay in stays.items():
        if stay.client_id:
            name = names.get(stay.client_id, short(stay.client_id))
            ran.setdefault(work_id.rpartition("_")[0], {})[name] = None
    return {task_id: ", ".join(workers) for task_id, workers in ran.items()}
