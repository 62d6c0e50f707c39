"""The daemon's API, as far as a worker speaks it: one method for each request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Raw, Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from awed.model.client import Heartbeat
from awed.model.errors import AwedError, ClientBusy, ClientSuspended, NothingToDo, Unavailable
from awed.model.work import Workunit
from awed.wire.clients import Busyness, Profile, Registration
from awed.wire.errors import error_of
from awed.wire.headers import Tokens, environ_of
from awed.wire.multipart import Field, form
from awed.wire.reports import Outcome
from awed.worker.http import Http
from awed.worker.report import Finished, refusal
from awed.worker.response import Response

TIMEOUT = 30.0
"""Seconds within which the server must have answered."""

HEARTBEAT_TIMEOUT = 8.0
"""The same for a heartbeat, which is soon followed by another."""

SHORTEST_TIMEOUT = 1.0
"""The same, however soon the server takes a worker for lost that gives no sign of life."""

POLL_WAIT = 55
"""Seconds for which the server is asked to hold back the answer that there is no work."""

T = TypeVar("T")

_WORKUNITS = msgspec.json.Decoder(list[Workunit])


class _Handout(Struct):
    """The least that must be known of a workunit to refuse it."""

    wuid: str
    attempt: int = 0


class Handed(NamedTuple):
    """What a checkout brings: workunits to run, and the refusals of those that cannot be read."""

    works: list[Workunit]
    refusals: list[Finished]


class _Answer(Struct):
    """The envelope. A JSON answer without it comes from somebody else."""

    status: int
    data: Raw = Raw(b"null")
    error: list[str] | None = None


class ServerClient:
    """Speaks with the server at *url*, by *http*.

    *answered* is called after each success. Every method raises

    - :class:`~awed.model.errors.ClientNotFound` if the worker must register (again),
    - :class:`~awed.model.errors.Unavailable` if there is no answer, or none of an AWE server: try again later,
    - another :class:`~awed.model.errors.AwedError` if the server refuses, with the server's words.
    """

    def __init__(
        self,
        http: Http,
        clock: IReactorTime,
        *,
        url: str,
        client: str,
        authorization: str = "",
        answered: Callable[[], None] = lambda: None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = url.rstrip("/")
        self._prefix = urlsplit(self._url).path
        self._client = client
        self._headers = {"Authorization": authorization} if authorization else {}
        self._answered = answered
        self._patience = TIMEOUT
        """Seconds for the answer to a sign of life: there must be time for another."""

    async def register(self, profile: Profile) -> Registration:
        """Make this worker known, with the work that it still has."""
        content_type, body = _form([("profile", msgspec.json.encode(profile))])
        answer, _ = await self._ask("POST", "/client", body=body, content_type=content_type, limit=self._patience)
        registration = _decode(answer.data, Registration)
        self._patience = min(TIMEOUT, max(SHORTEST_TIMEOUT, registration.heartbeat_limit / 3))
        return registration

    async def sign_off(self) -> None:
        """This worker is gone for good; what it still holds may be given to others."""
        await self._ask("DELETE", f"/client/{self._client}")

    async def heartbeat(self, busyness: Busyness) -> Heartbeat:
        """Still here. The answer says what to throw away."""
        answer, _ = await self._ask(
            "PUT",
            f"/client/{self._client}?heartbeat",
            body=msgspec.json.encode(busyness),
            content_type="application/json",
            limit=min(HEARTBEAT_TIMEOUT, self._patience),
        )
        return _decode(answer.data, Heartbeat)

    async def checkout(self, available: int, most: int, walltime: int | None = None, wait: int = POLL_WAIT) -> Handed:
        """Up to *most* workunits to run. *available*: free disk in bytes. *walltime*: seconds that they may take,
        None for any.

        Raises :class:`~awed.model.errors.NothingToDo` after at most *wait* seconds.
        """
        query = {"client": self._client, "available": available, "wait": wait, "max": most}
        if walltime is not None:
            query["walltime"] = walltime
        try:
            answer, _ = await self._ask("GET", f"/work?{urlencode(query)}", limit=wait + TIMEOUT)
        except (ClientBusy, ClientSuspended) as refused:
            raise NothingToDo(*refused.texts) from None
        return _handed(answer.data)

    async def private_environ(self, wuid: str) -> dict[str, str]:
        """The secret variables of a workunit's command."""
        headers = await self._secrets(wuid, "privateenv")
        try:
            return environ_of(headers)
        except msgspec.DecodeError as error:
            raise Unavailable(f"not an AWE server's answer: {error}") from None

    async def tokens(self, wuid: str) -> Tokens:
        """The tokens with which a workunit's files are read and written."""
        return Tokens.of(await self._secrets(wuid, "datatoken"))

    async def report(self, finished: Finished) -> None:
        """Deliver a report. :class:`~awed.model.errors.Conflict`: the workunit is no longer this worker's."""
        content_type, body = _form(finished.parts())
        path = f"{_work_path(finished.wuid)}?{urlencode(finished.query(self._client))}&report"
        await self._ask("PUT", path, body=body, content_type=content_type)

    async def report_all(self, finished: Sequence[Finished]) -> list[AwedError | None]:
        """Deliver several reports at once: of each what :meth:`report` would raise, or None."""
        body = msgspec.json.encode([report.entry() for report in finished])
        path = f"/work?client={self._client}"
        answer, _ = await self._ask("PUT", path, body=body, content_type="application/json")
        verdicts = _decode(answer.data, list[Outcome])
        if len(verdicts) != len(finished):
            raise Unavailable(f"not an AWE server's answer: {len(verdicts)} verdicts on {len(finished)} reports")
        return [None if said.status == 200 else error_of(said.status, said.error or ()) for said in verdicts]

    async def _secrets(self, wuid: str, name: str) -> Mapping[str, str]:
        _, headers = await self._ask("GET", f"{_work_path(wuid)}?{name}&client={self._client}")
        return headers

    async def _ask(
        self, method: str, path: str, *, body: bytes | None = None, content_type: str = "", limit: float = TIMEOUT
    ) -> tuple[_Answer, Mapping[str, str]]:
        """One request, and its answer of status 200 with its headers."""
        headers = {**self._headers, "Content-Type": content_type} if content_type else self._headers
        try:
            exchange = Deferred.fromCoroutine(self._exchange(method, path, headers, body))
            response = await exchange.addTimeout(limit, self._clock)
        except CancelledError:
            raise
        except Exception as error:  # what a network and a peer can do is not for us to list
            cause = str(error) or type(error).__name__
            raise Unavailable(f"{method} {self._url}{path.partition('?')[0]}: {cause}") from error
        answer = _envelope(response.status, response.content)
        if response.status != 200:
            raise error_of(response.status, answer.error or ())
        self._answered()
        return answer, response.headers

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        return await self._http.request(method, f"{self._prefix}{path}", headers, body)


def _form(files: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
    """The content type and the body of a form of small files (field name, content)."""
    content_type, pieces = form(Field(name, content, name) for name, content in files)
    return content_type, b"".join(pieces)


def _work_path(wuid: str) -> str:
    return f"/work/{quote(wuid, safe='')}"


def _envelope(status: int, content: bytes) -> _Answer:
    """A proxy's page, or half an answer, is no answer: only what stands in the envelope is the server's word."""
    try:
        return msgspec.json.decode(content, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unavailable(f"not an AWE server's answer (status {status}): {content[:60]!r}") from None


def _handed(data: Raw) -> Handed:
    try:
        return Handed(_WORKUNITS.decode(data), [])
    except msgspec.ValidationError:
        handed = Handed([], [])
        for one in _decode(data, list[Raw]):
            _take(one, handed)
        return handed


def _take(data: Raw, handed: Handed) -> None:
    """A workunit that cannot be read must be named at least, or the whole answer is none."""
    try:
        handed.works.append(msgspec.json.decode(data, type=Workunit))
    except msgspec.ValidationError as error:
        known = _decode(data, _Handout)
        handed.refusals.append(refusal(known.wuid, known.attempt, f"cannot read the workunit: {error}"))


def _decode(data: Raw, type: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(f"not an AWE server's answer: {error}") from None
