"""The calls of workers. *client* is the id of the worker."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Raw, Struct

from awed.client.calls import Answer, Call, Request, Response, answer, data, understanding
from awed.model.client import Heartbeat
from awed.model.errors import AwedError, Unavailable
from awed.model.work import Workunit
from awed.wire.clients import Busyness, Profile, Registration
from awed.wire.errors import error_of
from awed.wire.headers import Tokens, environ_of
from awed.wire.multipart import Field, form
from awed.wire.reports import LogPiece, Outcome, RunReport

PATIENCE = 30.0
"""Seconds within which the server must have answered."""

HEARTBEAT_PATIENCE = 8.0
"""Seconds within which a heartbeat must have been answered; another one soon follows."""

LOG_PATIENCE = 10.0
"""Seconds within which the server must have taken what running commands write."""

POLL_WAIT = 55
"""Seconds for which the server may wait for work before it answers a checkout that there is none."""


class Unreadable(Struct):
    """What is needed to give back a workunit that cannot be decoded, and *why* it cannot."""

    wuid: str
    attempt: int = 0
    why: str = ""


class Handed(NamedTuple):
    """The workunits of a checkout: those to run, and those that cannot be decoded."""

    works: list[Workunit]
    unreadable: list[Unreadable]


def register(profile: Profile, patience: float = PATIENCE) -> Call[Registration]:
    """Register a worker. The profile names the workunits that it still has."""
    files = [("profile", msgspec.json.encode(profile))]
    return Call(_form("POST", "/client", files, patience), data(Registration))


def sign_off(client: str) -> Call[Answer]:
    """Unregister the worker. Workunits that it still has are queued again."""
    return Call(Request("DELETE", f"/client/{client}", patience=PATIENCE), answer)


def heartbeat(client: str, busyness: Busyness, patience: float = PATIENCE) -> Call[Heartbeat]:
    """Send a heartbeat. The answer names the workunits that the worker is to end."""
    patience = min(HEARTBEAT_PATIENCE, patience)
    return Call(_json("PUT", f"/client/{client}?heartbeat", busyness, patience), data(Heartbeat))


def checkout(
    client: str, available: int, most: int, walltime: int | None = None, *, wait: int = POLL_WAIT, ahead: int = 0
) -> Call[Handed]:
    """Ask for up to *most* workunits to run.

    *ahead*: how many of them may wait at the worker until others end; only such as need one core and nothing else.
    *available*: free disk space in bytes. *walltime*: seconds that they may take at most, None for no limit. *wait*:
    seconds for which the server may wait for work.

    Raises :class:`~awed.model.errors.NothingToDo`, :class:`~awed.model.errors.ClientBusy` or
    :class:`~awed.model.errors.ClientSuspended` if there is no work.
    """
    query = {"client": client, "available": available, "wait": wait, "max": most}
    if ahead:
        query["ahead"] = ahead
    if walltime is not None:
        query["walltime"] = walltime
    return Call(Request("GET", f"/work?{urlencode(query)}", patience=wait + PATIENCE), _handed)


def private_environ(client: str, wuid: str) -> Call[dict[str, str]]:
    """Get the private environment variables of a workunit's command."""
    return Call(_secret(client, wuid, "privateenv"), _environ)


def tokens(client: str, wuid: str) -> Call[Tokens]:
    """Get the tokens for the files of a workunit."""
    return Call(_secret(client, wuid, "datatoken"), _tokens)


def report(client: str, run: RunReport) -> Call[Answer]:
    """Send a report. Raises :class:`~awed.model.errors.Conflict` if the worker no longer has the workunit."""
    path = f"{_path(run.wuid)}?{urlencode(run.query(client))}&report"
    return Call(_form("PUT", path, run.parts()), answer)


def report_all(client: str, runs: Sequence[RunReport]) -> Call[list[AwedError | None]]:
    """Send several reports at once. The result has for each the error that :func:`report` would raise, or None."""
    body = [run.entry() for run in runs]
    return Call(_json("PUT", f"/work?client={client}", body), lambda response: _verdicts(response, len(runs)))


def log_pieces(client: str, pieces: Sequence[LogPiece]) -> Call[list[AwedError | None]]:
    """Send what commands have written while they run. The result has an error for each piece that was refused."""
    request = _json("PUT", f"/work?log&client={client}", list(pieces), LOG_PATIENCE)
    return Call(request, lambda response: _verdicts(response, len(pieces)))


def _path(wuid: str) -> str:
    return f"/work/{quote(wuid, safe='')}"


def _secret(client: str, wuid: str, name: str) -> Request:
    return Request("GET", f"{_path(wuid)}?{name}&client={client}", patience=PATIENCE)


def _json(method: str, path: str, body: object, patience: float = PATIENCE) -> Request:
    return Request(method, path, msgspec.json.encode(body), {"Content-Type": "application/json"}, patience)


def _form(method: str, path: str, files: Iterable[tuple[str, bytes]], patience: float = PATIENCE) -> Request:
    """A request with a form of small files, given as name of the field and content."""
    content_type, pieces = form(Field(name, content, name) for name, content in files)
    return Request(method, path, b"".join(pieces), {"Content-Type": content_type}, patience)


def _handed(response: Response) -> Handed:
    handed = Handed([], [])
    with understanding():
        for one in answer(response).read(list[Raw]):
            _take(one, handed)
    return handed


def _take(work: Raw, handed: Handed) -> None:
    """Decode a workunit. One that cannot be decoded must at least have an id, else the whole answer is invalid."""
    try:
        handed.works.append(msgspec.json.decode(work, type=Workunit))
    except msgspec.ValidationError as error:
        unreadable = msgspec.json.decode(work, type=Unreadable)
        unreadable.why = str(error)
        handed.unreadable.append(unreadable)


def _environ(response: Response) -> dict[str, str]:
    answer(response)
    with understanding():
        return environ_of(response.headers)


def _tokens(response: Response) -> Tokens:
    answer(response)
    with understanding():
        return Tokens.of(response.headers)


def _verdicts(response: Response, count: int) -> list[AwedError | None]:
    outcomes = answer(response).read(list[Outcome])
    if len(outcomes) != count:
        raise Unavailable(f"the server's answer is not understood: {len(outcomes)} verdicts on {count} reports")
    return [None if one.status == 200 else error_of(one.status, one.error or ()) for one in outcomes]
