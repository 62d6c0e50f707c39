"""HTTP for clients of data hosts: limits on silence, retries with growing pauses, bodies that stream."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import msgspec
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.web.client import (
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.error import InfiniteRedirection, PageRedirect, RedirectWithNoLocation, SchemeNotSupported
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse
from zope.interface import implementer

from awed.model.addresses import address
from awed.model.errors import Invalid, Locked, Unavailable
from awed.shock.arrival import Admit, Arrival
from awed.shock.body import Body
from awed.shock.interface import WAITS
from awed.tx.files import check_space
from awed.tx.http import Uri, origin_of
from awed.tx.locks import PerKey
from awed.tx.pauses import Pauses
from awed.tx.posts import cause_of, told
from awed.tx.streams import Pump
from awed.tx.threads import InThread
from awed.wire.errors import error_of

ANSWER_LIMIT = 15.0
"""Seconds without progress after which a request for metadata is given up."""

IDLE_LIMIT = 120.0
"""Seconds without progress after which a request that transfers a file, or has the host read one, is given up."""

TRIES = 4
"""How often a request is made before it fails."""

LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer that is no file. The largest part of one are attributes, which may have a quarter of that."""

PAUSES = Pauses(1.0, 15.0, growth=4.0, most=TRIES - 1)
"""Between tries."""

AT_ONCE = 20
"""Requests to one host at a time, each on a connection of its own. Others wait."""

T = TypeVar("T")

_BROKEN = (
    ConnectError,
    ConnectionClosed,
    DNSLookupError,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
_LOST = (InfiniteRedirection, PageRedirect, RedirectWithNoLocation)


class Call(NamedTuple):
    """A request. *what*: call, node and host, for errors. *idle*: seconds without progress until a try fails."""

    what: str
    method: str
    url: str
    headers: Mapping[str, str] = {}
    idle: float = IDLE_LIMIT

    def plus(self, headers: Mapping[str, str]) -> "Call":
        """The same request with more headers."""
        return self._replace(headers={**self.headers, **headers})


class Transient(Exception):
    """A try failed, and another may succeed. The text is the cause."""


class _Astray(Exception):
    """There were too many redirects, one without a target, or one of a request that is no GET."""


class DataHttp:
    """Requests to data hosts, AT_ONCE at a time to each.

    A request is tried TRIES times. Every method raises :class:`~awed.model.errors.Unavailable` if all tries fail,
    :class:`~awed.model.errors.Invalid` for an impossible URL, and the error for the status with which a host refuses.
    """

    def __init__(
        self,
        client: HTTPClient,
        reactor: IReactorTime,
        in_thread: InThread,
        quotes: bool = True,
        *,
        keep_free: int = 0,
    ) -> None:
        """*quotes*: whether errors repeat the error texts that a host sends; else they have only its status.
        *keep_free*: bytes of the disk that downloads leave free."""
        self.reactor = reactor
        self.in_thread = in_thread
        self._client = client
        self._quotes = quotes
        self._keep_free = keep_free
        self._places = PerKey(AT_ONCE)

    async def ask(self, call: Call, make_body: Callable[[Callable[[], object]], Body] | None = None) -> bytes:
        """The body of the answer.

        *make_body* makes the body of the request anew for each try. Its argument is to be called at each progress.
        """

        async def attempt() -> bytes:
            watch = _Watch(self.reactor, call.idle)
            body = make_body(watch.progress) if make_body else None
            typed = call.plus({"Content-Type": body.content_type}) if body and body.content_type else call
            response = await self._request(watch, typed, body)
            content = await self._content(watch, response, call.what)
            if not 200 <= response.code < 300:
                raise self._refusal(call.what, response.code, content)
            return content

        return await self._retry(call, attempt)

    async def fetch(self, call: Call, path: Path, md5: str | None = None, admit: Admit | None = None) -> Arrival:
        """Download to *path*. Each try continues where the last one broke off, if the host can do that.

        A try whose MD5 is not *md5* has failed. Raises what *admit* raises. The file is removed if all tries fail.
        """
        arrival = Arrival(path, admit or self._leaves_room(path.parent))

        async def attempt() -> Arrival:
            await self._fetch(call, arrival)
            if md5 is not None and arrival.md5 != md5:
                arrival.etag = ""
                raise Transient(f"the md5 of what came is {arrival.md5}, expected {md5}")
            return arrival

        try:
            return await self._retry(call, attempt)
        except BaseException:
            Deferred.fromCoroutine(self._abandon(arrival))
            raise

    def _leaves_room(self, directory: Path) -> Admit | None:
        return (lambda _, more: check_space(directory, more, self._keep_free)) if self._keep_free else None

    async def version(self, call: Call) -> str:
        """The present version of the file at the URL: its ETag, else its time of modification, else ""."""

        async def attempt() -> str:
            watch = _Watch(self.reactor, call.idle)
            response = await self._request(watch, call.plus({"Range": "bytes=0-0"}))
            if response.code == 200:  # the host does not know ranges and sends the whole file
                response.deliverBody(body := _Body(watch))
                body.done.addErrback(lambda _: None).cancel()
            else:
                content = await self._content(watch, response, call.what)
                if response.code not in (206, 416):  # 416: the file is empty
                    raise self._refusal(call.what, response.code, content)
            told = (response.headers.getRawHeaders(name, [""])[0] for name in ("ETag", "Last-Modified"))
            return next(filter(None, told), "")

        return await self._retry(call, attempt)

    async def _retry(self, call: Call, attempt: Callable[[], Awaitable[T]]) -> T:
        what, pauses = call.what, iter(PAUSES)
        while True:
            try:
                async with self._places.place(origin_of(call.url)):
                    return await attempt()
            except Transient as error:
                pause = next(pauses, None)
                if pause is None:
                    raise Unavailable(f"{what}: {error} (tried {TRIES} times)") from None
                if pause > PAUSES.first:  # most first retries succeed, so the first failure is not reported
                    WAITS.get()(f"{what}: {error}".rstrip("."), pause)
            await deferLater(self.reactor, pause)

    async def _fetch(self, call: Call, arrival: Arrival) -> None:
        watch = _Watch(self.reactor, call.idle)
        rest = {"Range": f"bytes={arrival.size}-", "If-Range": arrival.etag} if arrival.etag and arrival.size else {}
        response = await self._request(watch, call.plus(rest))
        if response.code not in (200, 206):
            arrival.etag = ""
            raise self._refusal(call.what, response.code, await self._content(watch, response, call.what))
        if response.request.absoluteURI.endswith(b"/"):
            await self._content(watch, response, call.what)
            raise Invalid(f"{call.what}: this is a directory, not a file")
        at = arrival.size if response.code == 206 else 0
        if at and not _starts_at(response, at):
            arrival.etag = ""
            raise Transient("another range came than was asked for")
        etag = response.headers.getRawHeaders("ETag", [""])[0]
        arrival.etag = "" if response.length is UNKNOWN_LENGTH else etag
        try:
            await self.in_thread(arrival.begin, at)
            await self._receive(watch, response, arrival)
        except Transient as error:
            raise Transient(f"it broke off after {arrival.size} bytes: {error}") from None
        except OSError as error:
            raise Unavailable(f"{call.what}: cannot write {arrival.path.name}: {error.strerror}") from None

    async def _receive(self, watch: "_Watch", response: IResponse, arrival: Arrival) -> None:
        body = _Body(watch)
        pump = Pump(arrival, self.in_thread, body, lambda _: body.stopProducing())
        body.write = pump.write
        response.deliverBody(body)
        try:
            await watch.guard(body.done)
        finally:
            await pump.finish()

    async def _content(self, watch: "_Watch", response: IResponse, what: str) -> bytes:
        content = bytearray()
        body = _Body(watch)

        def write(data: bytes) -> None:
            content.extend(data)
            if len(content) > LONGEST_ANSWER:
                body.done.cancel()

        body.write = write
        response.deliverBody(body)
        try:
            await watch.guard(body.done)
        except CancelledError:
            if len(content) > LONGEST_ANSWER:
                raise Unavailable(f"{what}: the answer has more than {LONGEST_ANSWER} bytes") from None
            raise
        return bytes(content)

    async def _request(self, watch: "_Watch", call: Call, body: Body | None = None) -> IResponse:
        try:
            url = address(call.url)
        except ValueError as error:
            raise Invalid(f"{call.what}: this is not a valid http or https URL: {error}") from None
        headers = Headers({name: [value] for name, value in call.headers.items()})
        if url.login and "Authorization" not in call.headers:
            headers.setRawHeaders("Authorization", [b"Basic " + b64encode(url.login.encode())])
        try:
            waiting: Deferred[Any] = self._client.request(
                call.method, Uri.from_text(url.uri), headers=headers, data=body, unbuffered=True
            )
            return cast(IResponse, await watch.guard(waiting))
        except RequestGenerationFailed as error:
            raise Invalid(f"{call.what}: {cause_of(error)}") from None
        except _Astray:
            why = "too many redirects, or one that leads nowhere" if call.method == "GET" else "it redirects"
            raise Invalid(f"{call.what}: {why}") from None
        except (ValueError, SchemeNotSupported):
            raise Invalid(f"{call.what}: this is not a valid http or https URL") from None

    def _refusal(self, what: str, status: int, content: bytes) -> Exception:
        """The error for an answer that is not 2xx: :class:`Transient` if the request should be tried again."""
        texts = _texts(content)
        text = " ".join([str(status), *texts]) if self._quotes else str(status)
        error = error_of(status, [f"{what}: {text}"])
        # Shock answers 400, not 423, while an index is being built.
        is_locked = any("is locked" in text for text in texts)
        return Transient(text) if is_locked or isinstance(error, (Locked, Unavailable)) else error

    async def _abandon(self, arrival: Arrival) -> None:
        await self.in_thread(arrival.discard)


class _Watch:
    """Cancels what it guards after *idle* seconds without progress."""

    def __init__(self, reactor: IReactorTime, idle: float) -> None:
        self._reactor = reactor
        self._idle = idle
        self._timer: IDelayedCall | None = None

    def progress(self) -> None:
        """There was progress: begin the *idle* seconds anew."""
        if self._timer is not None and self._timer.active():
            self._timer.reset(self._idle)

    async def guard(self, waiting: Deferred[T]) -> T:
        """The result of *waiting*.

        Raises :class:`Transient` if the connection breaks or there is no progress, and :class:`_Astray`.
        """
        timer = self._timer = self._reactor.callLater(self._idle, waiting.cancel)
        try:
            return await waiting
        except CancelledError:
            if timer.active():
                raise
            raise Transient(f"no progress for {self._idle:.0f} s") from None
        except _BROKEN as error:
            cause = cause_of(error)
            if isinstance(cause, _LOST):
                raise _Astray from None
            raise Transient(told(cause)) from None
        finally:
            if timer.active():
                timer.cancel()


@implementer(IPushProducer)
class _Body(Protocol):
    """Receives the body of a response and passes it to *write*. *done* fires when it is complete."""

    write: Callable[[bytes], object]

    def __init__(self, watch: _Watch) -> None:
        self.write = lambda _: None
        self._watch = watch
        self.done: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def dataReceived(self, data: bytes) -> None:
        self._watch.progress()
        self.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.done.called:  # it was cancelled
            return
        if reason.check(ResponseDone, PotentialDataLoss):  # the latter: the connection's end ends the body
            self.done.callback(None)
        else:
            self.done.errback(reason)

    def pauseProducing(self) -> None:
        self._connection.pauseProducing()

    def resumeProducing(self) -> None:
        self._connection.resumeProducing()

    def stopProducing(self) -> None:
        self._connection.loseConnection()

    @property
    def _connection(self) -> Any:
        return self.transport


def shown(url: str) -> str:
    """*url* without user, password, query and fragment, which may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _starts_at(response: IResponse, offset: int) -> bool:
    return bool(response.headers.getRawHeaders("Content-Range", [""])[0].startswith(f"bytes {offset}-"))


def _texts(content: bytes) -> list[str]:
    """The error texts in *content*, if it is an envelope; otherwise none."""
    try:
        texts = msgspec.json.decode(content)["error"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return []
    return ["; ".join(map(str, texts)) if isinstance(texts, list) else str(texts)]
