"""A request that does what this API needs and no more."""

import re
from collections.abc import Coroutine, Mapping
from itertools import count
from time import perf_counter
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.http import NO_BODY_CODES
from twisted.web.http import Request as HTTPRequest
from twisted.web.http_headers import Headers
from twisted.web.server import Request

from awed.tx.loglines import REQUEST
from awed.web.errors import error_answer
from awed.web.traits import PLAIN, Traits

FIELD = b"X-Request-Id"


_SANE = re.compile(rb"[A-Za-z0-9._~+/=:-]{1,64}")
"""What may come from outside into the log: a UUID, the id of a trace, and the like."""


_WHOLE = re.compile(rb"https?://([^/?]*)", re.IGNORECASE)

_SECRET = re.compile(r"^(/*[^/]+/).+", re.DOTALL)
"""In the path of a collection whose things have secret names."""


class RequestIds:
    """Gives ids. *prefix* tells those of this process from those of others."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def new(self) -> bytes:
        """An id that no request had before."""
        return f"{self._prefix}-{next(self._numbers)}".encode()

    def of(self, headers: Headers) -> bytes:
        """The id that a request brings along, if it is one; else a new one."""
        given = headers.getRawHeaders(FIELD)
        if given is not None and _SANE.fullmatch(given[-1]):
            return given[-1]
        return self.new()


class ShortRequest(Request):
    """Leaves out what twisted.web does for every request and nobody here looks at: the arguments of query and form,
    default headers (:class:`~awed.web.channel.ApiChannel` writes what all answers have), encoders of answers.
    """

    received = 0.0
    """When all of it was in, by :func:`time.perf_counter`."""
    route = "other other"
    """Which call it makes, for the metrics: a method and a path without names, of which there are few."""
    collections: Mapping[bytes, Traits] = {}
    """What each collection says of itself, by its name."""
    _running: Deferred[None] | None = None

    @property
    def traits(self) -> Traits:
        """What the collection says of itself that the path begins with."""
        name, _, _ = self.path.lstrip(b"/").partition(b"/")
        return self.collections.get(unquote_to_bytes(name), PLAIN)

    @property
    def shown_path(self) -> str:
        """The path for a log."""
        path = str(self.path.decode("utf-8", "replace"))
        return _SECRET.sub(r"\1...", path) if self.traits.is_secret else path

    def gotWhole(self, body: bytes) -> None:
        """The headers and all of the body are in."""
        if body:
            self.gotLength(len(body))  # type: ignore[no-untyped-call]
            self.handleContentChunk(body)  # type: ignore[no-untyped-call]

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """All of the request is in."""
        self.received = perf_counter()
        self.clientproto = version
        self.aim(command, path)
        self.process()

    def aim(self, method: bytes, target: bytes) -> None:
        """Set what is asked for. A *target* that is a whole URL names the host as well, whatever the field Host says;
        slashes at the beginning of a path are one."""
        if (whole := _WHOLE.match(target)) is not None:
            self.requestHeaders.setRawHeaders(b"Host", [whole[1]])
            target = b"/" + target[whole.end() :]
        if target.startswith(b"//"):
            target = b"/" + target.lstrip(b"/")
        self.method, self.uri = method, target
        self.path = target.partition(b"?")[0]

    def process(self) -> None:
        """Let the resource at the request's path answer it."""
        channel: Any = self.channel
        self.site = channel.site
        self.prepath = []
        self.postpath = [unquote_to_bytes(name) for name in self.path[1:].split(b"/")]
        before = REQUEST.set(channel.request_id.decode())
        try:
            self.render(self.site.getResourceFor(self))  # type: ignore[no-untyped-call]
        except Exception:
            self.processingFailed(Failure())  # type: ignore[no-untyped-call]
        finally:
            REQUEST.reset(before)

    def run(self, handler: Coroutine[Any, Any, bytes]) -> None:
        """Answer with what *handler* returns or raises. It is cancelled if the peer leaves before."""
        self._running = Deferred.fromCoroutine(self._answer(handler))

    async def _answer(self, handler: Coroutine[Any, Any, bytes]) -> None:
        try:
            body = await handler
        except CancelledError:
            return
        except Exception:
            body = self.failed(Failure())
        if not self._disconnected:
            channel: Any = self.channel
            channel.gather()
            if self._is_plain():
                self.startedWriting = 1
                self.sentLength = len(body)
                channel.writeHeaders(self.clientproto, b"%d" % self.code, self.code_message, self.responseHeaders)
                channel.write(body)
            else:
                self.write(body)
            channel.send()
            HTTPRequest.finish(self)

    def failed(self, failure: Failure) -> bytes:
        """The answer if it ended in *failure*."""
        return error_answer(self, failure, self.traits, self.shown_path)

    def _is_plain(self) -> bool:
        """Whether the answer is still to be begun, has a body, and says how long it is: nothing to think about."""
        return (
            not self.startedWriting
            and self.method != b"HEAD"
            and self.code not in NO_BODY_CODES
            and self.responseHeaders.hasHeader(b"Content-Length")
        )

    def write(self, data: bytes) -> None:
        """Send a piece of the answer."""
        HTTPRequest.write(self, data)

    def connectionLost(self, reason: Failure) -> None:
        """The peer has left."""
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        if self._running is not None:
            self._running.cancel()
