"""Commands that change jobs. Each prints the server's answer."""

from urllib.parse import quote

import click

from awed.cli.lookup import find_job
from awed.cli.options import confirm, job_argument, pass_server, yes_option
from awed.client.blocking import Server
from awed.client.calls import Answer

_all_option = click.option("--all", "every", is_flag=True, help="All suspended jobs, in place of ID.")
_one_or_all = click.argument("job_id", metavar="[ID]", default="")


@click.command()
@job_argument
@pass_server
def suspend(server: Server, job_id: str) -> None:
    """Take a job's work out of the queue until it is resumed."""
    _say(server.put(f"/job/{find_job(server, job_id)}?suspend"))


@click.command()
@_one_or_all
@_all_option
@pass_server
def resume(server: Server, job_id: str, every: bool) -> None:
    """Let a suspended job go on."""
    _check_choice(job_id, every)
    _say(server.put("/job?resumeall" if every else f"/job/{find_job(server, job_id)}?resume"))


@click.command()
@_one_or_all
@_all_option
@click.option("--full", is_flag=True, help="Remove document, logs and files as well.")
@yes_option
@pass_server
def delete(server: Server, job_id: str, every: bool, full: bool, yes: bool) -> None:
    """End a job for good."""
    _check_choice(job_id, every)
    lost = " with documents, logs and files" if full else ""
    if every:
        confirm(f"Delete all suspended jobs{lost}?", yes)
        _say(server.delete(f"/job?suspend{'&full' if full else ''}"))
        return
    ident = find_job(server, job_id)
    if full:
        confirm(f"Delete job {ident}{lost}?", yes)
    _say(server.delete(f"/job/{ident}{'?full' if full else ''}"))


@click.command()
@job_argument
@click.argument("task")
@yes_option
@pass_server
def recompute(server: Server, job_id: str, task: str, yes: bool) -> None:
    """Run TASK of a completed or suspended job again, and all after it."""
    ident = find_job(server, job_id)
    confirm(f"Remove outputs and logs of task {task} of job {ident} and of all after it?", yes)
    _say(server.put(f"/job/{ident}?recompute={quote(task, safe='')}"))


@click.command()
@job_argument
@yes_option
@pass_server
def resubmit(server: Server, job_id: str, yes: bool) -> None:
    """Run a completed or suspended job again from its beginning."""
    ident = find_job(server, job_id)
    confirm(f"Remove all outputs and logs of job {ident}?", yes)
    _say(server.put(f"/job/{ident}?resubmit"))


@click.command()
@job_argument
@click.argument("priority", type=int)
@pass_server
def priority(server: Server, job_id: str, priority: int) -> None:
    """Change a job's priority: the highest goes first."""
    _say(server.put(f"/job/{find_job(server, job_id)}?priority={priority}"))


@click.command()
@job_argument
@click.argument("groups")
@pass_server
def group(server: Server, job_id: str, groups: str) -> None:
    """Let only workers of GROUPS (a,b) run a job."""
    _say(server.put(f"/job/{find_job(server, job_id)}?clientgroup={quote(groups, safe='')}"))


@click.command()
@job_argument
@click.argument("time")
@pass_server
def expire(server: Server, job_id: str, time: str) -> None:
    """Delete a job once TIME from now (30M, 12H, 7D) has passed and it is done."""
    _say(server.put(f"/job/{find_job(server, job_id)}?expiration={quote(time, safe='')}"))


def _check_choice(job_id: str, every: bool) -> None:
    if bool(job_id) == every:
        raise click.UsageError("give either an ID or --all")


def _say(answer: Answer) -> None:
    click.echo(answer.read(str))
