"""Finds the job or worker that a user means: by a name, or by an id that may be cut short while it fits one alone."""

import re
from urllib.parse import quote

from msgspec import Struct, field

from awed.cli.errors import Mistake
from awed.cli.words import clean, short, title
from awed.client.blocking import Server
from awed.client.jobs import registered
from awed.model.ids import is_uuid
from awed.model.states import JobState

_SHOWN = 5


LAST = "last"
"""Stands for the job that the user submitted last."""


class Line(Struct):
    """What is read of a job in the minimal view.

    *states*: the job's own state if it is suspended or has ended, else those of tasks that run or come next.
    """

    id: str
    name: str = ""
    states: list[str] = field(default_factory=list, name="state")

    @property
    def state(self) -> JobState | None:
        """The job's state if it is at rest, None while it is active."""
        return next((JobState(state) for state in self.states if state in _AT_REST), None)

    @property
    def label(self) -> str:
        """The job, as messages name it: ``job 1a2b3c4d (lambda)``."""
        name = title(self.name)
        return f"job {short(self.id)}{f' ({name})' if name else ''}"


_AT_REST = frozenset({JobState.COMPLETED, JobState.SUSPEND, JobState.DELETED})


def find_job(server: Server, text: str) -> str:
    """The id of the job that *text* means, as :func:`find_line`; a whole id is not looked up."""
    return text if is_uuid(text) else find_line(server, text).id


def find_line(server: Server, text: str) -> Line:
    """The job whose id begins with *text*, or else the one of that name; ``last`` is the user's last one.

    Raises :class:`~awed.cli.errors.Mistake` for none, and for several.
    """
    if text == LAST:
        newest = lines(server, "mine&top&order=info.submittime&limit=1")[0]
        if not newest:
            raise Mistake("you have submitted no job yet")
        return newest[0]
    if re.fullmatch("[0-9a-fA-F-]+", text):
        found, total = lines(server, f"id_prefix={text}&limit={_SHOWN}")
        if not all(job.id.startswith(text) for job in found):
            raise Mistake(f"this server knows jobs by their whole ids only, and {text} is none")
        if found:
            return _only(f"have an id that begins with {text}", found, total)
    named, total = lines(server, f"query&info.name={quote(text, safe='')}&limit={_SHOWN}") if text else ([], 0)
    if not named:
        raise Mistake(f"no job has the name {text!r} or an id that begins so")
    return _only(f"are called {text}", named, total)


def lines(server: Server, query: str) -> tuple[list[Line], int]:
    """The jobs of a list in the minimal view, and how many there are in all."""
    answer = server.get(f"/job?{query}&verbosity=minimal")
    return answer.read(list[Line]), answer.total_count


def _only(alike: str, found: list[Line], total: int) -> Line:
    if total > 1:
        listed = "".join(f"\n  {job.id}  {clean(job.name)}" for job in found)
        more = f"\n  and {total - len(found)} more" if total > len(found) else ""
        raise Mistake(f"{total} jobs {alike}:{listed}{more}")
    return found[0]


def find_worker(server: Server, text: str) -> str:
    """The id of the worker that is called *text*, or whose id begins with it.

    Raises :class:`~awed.cli.errors.Mistake` if there is none, or several.
    """
    clients = server.ask(registered())
    fitting = [client for client in clients if client.name == text or client.id.startswith(text)]
    if not fitting:
        raise Mistake(f"no worker is called {text} or has an id that begins so; see awe workers")
    if len(fitting) > 1:
        listed = "".join(f"\n  {client.id}  {clean(client.name)}" for client in fitting[:_SHOWN])
        more = f"\n  and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
        raise Mistake(f"{len(fitting)} workers are called {text} or have an id that begins so:{listed}{more}")
    return fitting[0].id
