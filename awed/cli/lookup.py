"""Finds the job or worker that a user means. Ids may be abbreviated as long as they are unambiguous."""

import re

import click
from msgspec import Struct

from awed.client.blocking import Server
from awed.client.jobs import registered
from awed.model.ids import is_uuid

_SHOWN = 5


class _Candidate(Struct):
    id: str
    name: str = ""


def find_job(server: Server, text: str) -> str:
    """The id of the job whose id begins with *text*. Raises :class:`click.UsageError` for none, and for several."""
    if is_uuid(text):
        return text
    if not re.fullmatch("[0-9a-fA-F-]+", text):
        raise click.UsageError(f"{text!r} is no job id, nor the beginning of one")
    answer = server.get(f"/job?id_prefix={text}&verbosity=minimal&limit={_SHOWN}")
    return _only(text, answer.read(list[_Candidate]), answer.total_count)


def _only(text: str, candidates: list[_Candidate], total: int) -> str:
    if not all(job.id.startswith(text) for job in candidates):
        raise click.UsageError(f"this server knows jobs by their whole ids only, and {text} is none")
    if not candidates:
        raise click.UsageError(f"no job has an id that begins with {text}")
    if total > 1:
        listed = "".join(f"\n  {job.id}  {job.name}" for job in candidates)
        more = f"\n  and {total - len(candidates)} more" if total > len(candidates) else ""
        raise click.UsageError(f"{total} jobs have an id that begins with {text}:{listed}{more}")
    return candidates[0].id


def find_worker(server: Server, text: str) -> str:
    """The id of the worker that is called *text*, or whose id begins with it.

    Raises :class:`click.UsageError` if there is none, or several.
    """
    clients = server.ask(registered())
    fitting = [client.id for client in clients if client.name == text or client.id.startswith(text)]
    if len(fitting) != 1:
        names = ", ".join(f"{client.name} ({client.id})" for client in clients)
        raise click.UsageError(f"{len(fitting)} workers are called {text} or have an id that begins so; of {names}")
    return fitting[0]
