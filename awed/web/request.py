"""Requests without those parts of twisted.web's that this API does not use."""

import re
from collections.abc import Coroutine, Mapping, Sequence
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
from awed.web.params import change_header
from awed.web.traits import PLAIN, Traits

FIELD = b"X-Request-Id"
"""The header with the id of a request."""

_SANE = re.compile(rb"[A-Za-z0-9._~+/=:-]{1,64}")
"""Ids of requests that are taken over from clients into the log: UUIDs, ids of traces and the like."""

_WHOLE = re.compile(rb"https?://([^/?]*)", re.IGNORECASE)

_SECRET = re.compile(r"^(/*[^/]+/).+", re.DOTALL)
"""The path of a collection whose things have secret names: the group is the part that is not secret."""


class RequestIds:
    """Makes ids of requests. *prefix* tells those of this process from those of others."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def new(self) -> bytes:
        """A new id."""
        return f"{self._prefix}-{next(self._numbers)}".encode()

    def of(self, headers: Headers) -> bytes:
        """The id in the headers of a request, if it is valid; else a new one."""
        given = headers.getRawHeaders(FIELD)
        if given is not None and _SANE.fullmatch(given[-1]):
            return given[-1]
        return self.new()


class ShortRequest(Request):
    """A request without what twisted.web does for each and this API does not use.

    That is the parsing of query and form, the default headers (:class:`~awed.web.channel.ApiChannel` writes those
    that all answers have), and encoders of answers.
    """

    received = 0.0
    """When the whole request had arrived, by :func:`time.perf_counter`."""
    route = "other other"
    """Method and pattern of the path, a label of the metrics. It has no ids, so that there are few values."""
    collections: Mapping[bytes, Traits] = {}
    """The traits of each collection, by name."""
    names: Sequence[bytes] = (b"",)
    """The parts of the path: the name of the collection, and what follows it."""
    traits = PLAIN
    """The traits of the collection."""
    received_bytes = 0
    """How many bytes of its body have arrived so far."""
    _running: Deferred[None] | None = None

    @property
    def is_held_up(self) -> bool:
        """Whether the peer is paused, and cannot send more of its body."""
        return False

    @property
    def shown_path(self) -> str:
        """The path for the log, without what may be secret."""
        path = str(self.path.decode("utf-8", "replace"))
        return _SECRET.sub(r"\1...", path) if self.traits.is_secret else path

    def gotWhole(self, body: bytes) -> None:
        """The headers and the whole body have arrived."""
        if body:
            self.gotLength(len(body))  # type: ignore[no-untyped-call]
            self.handleContentChunk(body)  # type: ignore[no-untyped-call]

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The whole request has arrived."""
        self.received = perf_counter()
        self.clientproto = version
        self.process()

    def aim(self, method: bytes, target: bytes) -> None:
        """The headers have arrived: set what is asked for.

        A *target* that is a whole URL names the host as well, whatever the field Host says; slashes at the beginning
        of a path are one.
        """
        if (whole := _WHOLE.match(target)) is not None:
            change_header(self, b"Host", whole[1])
            target = b"/" + target[whole.end() :]
        if target.startswith(b"//"):
            target = b"/" + target.lstrip(b"/")
        self.method, self.uri = method, target
        self.path = target.partition(b"?")[0]
        self.names = [unquote_to_bytes(name) for name in self.path[1:].split(b"/")]
        self.traits = self.collections.get(self.names[0], PLAIN)

    def process(self) -> None:
        """Have the resource at the request's path answer it."""
        channel: Any = self.channel
        self.site = channel.site
        self.prepath = []
        self.postpath = [*self.names]
        before = REQUEST.set(channel.request_id.decode())
        try:
            self.render(self.site.getResourceFor(self))  # type: ignore[no-untyped-call]
        except Exception:
            self.processingFailed(Failure())  # type: ignore[no-untyped-call]
        finally:
            REQUEST.reset(before)

    def run(self, handler: Coroutine[Any, Any, bytes]) -> None:
        """Answer with what *handler* returns or raises. It is cancelled if the connection is lost."""
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
        """The answer to a request that ended in *failure*."""
        return error_answer(self, failure, self.traits, self.shown_path)

    def _is_plain(self) -> bool:
        """Whether the answer can be sent as it is: nothing is sent yet, and it has a body of known length."""
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
        """The connection is lost."""
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        if self._running is not None:
            self._running.cancel()
