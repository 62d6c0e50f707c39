"""Commands that show jobs."""

import click
from msgspec import Struct

from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, pass_server, print_json
from awed.cli.show import Effort, job_facts, jobs_table, screen, short, tasks_table, worker_name
from awed.client.blocking import Server
from awed.client.jobs import registered
from awed.model.errors import AwedError
from awed.model.job import Job
from awed.model.states import JobState
from awed.model.times import now

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
    console.print(tasks_table(document, _efforts(server, document.id), now()))


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
    """What workers did for each task, by task id; empty if that is not known."""
    try:
        perf = server.get(f"/job/{job_id}?perf").read(_JobPerf)
    except AwedError:  # imported jobs have no such record, and other workers may send another form of it
        return {}
    names = {client.id: worker_name(client) for client in server.ask(registered())}
    efforts: dict[str, Effort] = {}
    for work_id, measured in perf.work_stats.items():
        effort = efforts.setdefault(work_id.rpartition("_")[0], Effort())
        effort.ran += measured.runtime
        effort.files += measured.time_predata_in + measured.time_data_in + measured.time_data_out
        worker = names.get(measured.client_id, short(measured.client_id))
        if worker and worker not in effort.workers:
            effort.workers.append(worker)
    return efforts
