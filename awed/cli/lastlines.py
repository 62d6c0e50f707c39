"""The last lines that the running commands of a job have written."""

from concurrent.futures import ThreadPoolExecutor

from awed.cli.tail import STREAMS
from awed.cli.words import clean, run_name
from awed.client.blocking import Server
from awed.client.jobs import running
from awed.client.logs import end
from awed.model.errors import AwedError

_MOST = 5
"""Runs whose lines are shown."""

_BYTES = 1000
"""The longest line that is shown to its end."""


def last_lines(server: Server, job_id: str) -> list[str]:
    """The last line of each stream of the runs that were begun first, as ``TASK | text``; of a run that has written
    nothing, its name. None of a server that does not tell."""
    try:
        found = server.ask(running(job_id, _MOST))
        with ThreadPoolExecutor(_MOST) as threads:
            lines = list(threads.map(lambda work: _lines(server, work), found.works))
    except AwedError:
        return []
    more = found.total - len(found.works)
    return [line for of_run in lines for line in of_run] + ([f"and {more} more"] if more > 0 else [])


def _lines(server: Server, work: str) -> list[str]:
    found = (server.ask(end(work, stream, _BYTES)).data.decode(errors="replace") for stream in STREAMS)
    texts = [text for log in found if (text := next(filter(None, map(clean, reversed(log.splitlines()))), ""))]
    return [f"{run_name(work)} | {text}" for text in texts or [""]]
