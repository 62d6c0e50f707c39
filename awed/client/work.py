"""The calls of a worker; *client* is its id."""

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
from awed.wire.reports import Outcome, RunReport

PATIENCE = 30.0
"""Seconds within which the server must have answered."""

HEARTBEAT_PATIENCE = 8.0
"""The same for a heartbeat, which is soon followed by another."""

POLL_WAIT = 55
"""Seconds for which the server is asked to hold back the answer that there is no work."""


class Unreadable(Struct):
    """The least that must be known of a workunit to refuse it, and *why* it cannot be read."""

    wuid: str
    attempt: int = 0
    why: str = ""


class Handed(NamedTuple):
    """What a checkout brings: workunits to run, and those that cannot be read."""

    works: list[Workunit]
    unreadable: list[Unreadable]


def register(profile: Profile, patience: float = PATIENCE) -> Call[Registration]:
    """Make a worker known, with the work that it still has."""
    files = [("profile", msgspec.json.encode(profile))]
    return Call(_form("POST", "/client", files, patience), data(Registration))


def sign_off(client: str) -> Call[Answer]:
    """The worker is gone for good; what it still holds may be given to others."""
    return Call(Request("DELETE", f"/client/{client}", patience=PATIENCE), answer)


def heartbeat(client: str, busyness: Busyness, patience: float = PATIENCE) -> Call[Heartbeat]:
    """Still here. The answer says what to throw away."""
    patience = min(HEARTBEAT_PATIENCE, patience)
    return Call(_json("PUT", f"/client/{client}?heartbeat", busyness, patience), data(Heartbeat))


def checkout(
    client: str, available: int, most: int, walltime: int | None = None, wait: int = POLL_WAIT
) -> Call[Handed]:
    """Up to *most* workunits to run. *available*: free disk in bytes. *walltime*: seconds that they may take, None
    for any.

    The answer comes after at most *wait* seconds. That there is no work is one of
    :class:`~awed.model.errors.NothingToDo`, :class:`~awed.model.errors.ClientBusy` and
    :class:`~awed.model.errors.ClientSuspended`.
    """
    query = {"client": client, "available": available, "wait": wait, "max": most}
    if walltime is not None:
        query["walltime"] = walltime
    return Call(Request("GET", f"/work?{urlencode(query)}", patience=wait + PATIENCE), _handed)


def private_environ(client: str, wuid: str) -> Call[dict[str, str]]:
    """The secret variables of a workunit's command."""
    return Call(_secret(client, wuid, "privateenv"), _environ)


def tokens(client: str, wuid: str) -> Call[Tokens]:
    """The tokens with which a workunit's files are read and written."""
    return Call(_secret(client, wuid, "datatoken"), _tokens)


def report(client: str, run: RunReport) -> Call[Answer]:
    """Deliver a report. :class:`~awed.model.errors.Conflict`: the workunit is no longer this worker's."""
    path = f"{_path(run.wuid)}?{urlencode(run.query(client))}&report"
    return Call(_form("PUT", path, run.parts()), answer)


def report_all(client: str, runs: Sequence[RunReport]) -> Call[list[AwedError | None]]:
    """Deliver several reports at once: of each what :func:`report` would raise, or None."""
    body = [run.entry() for run in runs]
    return Call(_json("PUT", f"/work?client={client}", body), lambda response: _verdicts(response, len(runs)))


def _path(wuid: str) -> str:
    return f"/work/{quote(wuid, safe='')}"


def _secret(client: str, wuid: str, name: str) -> Request:
    return Request("GET", f"{_path(wuid)}?{name}&client={client}", patience=PATIENCE)


def _json(method: str, path: str, body: object, patience: float = PATIENCE) -> Request:
    return Request(method, path, msgspec.json.encode(body), {"Content-Type": "application/json"}, patience)


def _form(method: str, path: str, files: Iterable[tuple[str, bytes]], patience: float = PATIENCE) -> Request:
    """A form of small files (field name, content)."""
    content_type, pieces = form(Field(name, content, name) for name, content in files)
    return Request(method, path, b"".join(pieces), {"Content-Type": content_type}, patience)


def _handed(response: Response) -> Handed:
    handed = Handed([], [])
    with understanding():
        for one in answer(response).read(list[Raw]):
            _take(one, handed)
    return handed


def _take(work: Raw, handed: Handed) -> None:
    """A workunit that cannot be read must be named at least, or the whole answer is none."""
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
    return Tokens.of(response.headers)


def _verdicts(response: Response, count: int) -> list[AwedError | None]:
    outcomes = answer(response).read(list[Outcome])
    if len(outcomes) != count:
        raise Unavailable(f"the server's answer is not understood: {len(outcomes)} verdicts on {count} reports")
    return [None if one.status == 200 else error_of(one.status, one.error or ()) for one in outcomes]
