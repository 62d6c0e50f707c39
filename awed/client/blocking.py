"""Blocking calls, for programs that make one after another.

Uses ``http.client``, which sends and receives files block by block, and ignores proxies in the environment, through
which servers on the local network might not be reachable.
"""

import errno
import http.client
import ssl
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

from awed.client.calls import CONNECT_LIMIT, NO_TLS, Answer, Call, Request, Response, answer
from awed.model.addresses import Address, address, without_password
from awed.model.errors import Unavailable
from awed.tx.pauses import Pauses
from awed.wire.headers import ATTEMPT, attempt_told

AWAY = Pauses(0.2, 4.0)
"""Pauses between the tries of :func:`patiently`."""

_BLOCK = 1 << 16

T = TypeVar("T")


class Server:
    """The server at *url*.

    *authorization*: the value of that header, "" for anonymous requests. *tls* says which certificates are trusted;
    None for those that the system trusts.

    Every method raises the :class:`~awed.model.errors.AwedError` with which the server refuses, and
    :class:`~awed.model.errors.Unavailable` if there is no answer, or not one of an AWE server. Paths begin with ``/``
    and include the query, quoted.
    """

    def __init__(self, url: str, authorization: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": authorization} if authorization else {}
        self._tls = tls

    def speak_for(self, work_id: str, attempt: str) -> None:
        """Say in all requests for which attempt of which workunit they are: they are refused, with
        :class:`~awed.model.errors.Conflict`, once a later one has begun."""
        self._headers[ATTEMPT] = attempt_told(work_id, attempt)

    def get(self, path: str) -> Answer:
        """GET *path*."""
        return self._plain("GET", path)

    def put(self, path: str) -> Answer:
        """PUT *path*, without a body."""
        return self._plain("PUT", path)

    def post(self, path: str) -> Answer:
        """POST to *path*, without a body."""
        return self._plain("POST", path)

    def delete(self, path: str) -> Answer:
        """DELETE *path*."""
        return self._plain("DELETE", path)

    def ask(self, call: Call[T]) -> T:
        """Make *call* and return its result."""
        return call.read(self.send(call.request))

    def persist(self, call: Call[T], deadline: float | None = None) -> T:
        """As :meth:`ask`, but tries again while the server is away. Raises also what :func:`patiently` raises."""
        return patiently(lambda: self.ask(call), deadline)

    def send(self, request: Request) -> Response:
        """The response to a request, whatever its status.

        A body in pieces is sent with chunked encoding, as its size is not known.
        """
        url = self.url + request.path
        return _whole(url, self._begin(url, request._replace(headers={**self._headers, **request.headers})))

    def download(
        self, url: str, out: BinaryIO, *, begin: int = 0, told: Callable[[int], object] = lambda there: None
    ) -> None:
        """Download *url* to *out*. The token is sent only if *url* is on this server.

        *begin*: the bytes that *out* has already, which are not sent again if the host can skip them. *told* is
        called after each block, with the number of bytes in *out*.
        """
        headers = self._headers_for(url)
        if begin:
            headers["Range"] = f"bytes={begin}-"
        response = self._begin(url, Request("GET", url, headers=headers))
        if response.status not in {200, 206}:
            answer(_whole(url, response))
        if begin and response.status == 200:
            out.truncate(begin := 0)
        for block in _blocks(url, response):
            out.write(block)
            told(begin := begin + len(block))

    def document(self, url: str, kind: type[T]) -> T:
        """The data in the envelope at *url*, on any host. The token is sent only if *url* is on this server."""
        return answer(_whole(url, self._begin(url, Request("GET", url, headers=self._headers_for(url))))).read(kind)

    def _headers_for(self, url: str) -> dict[str, str]:
        return dict(self._headers) if url.startswith(f"{self.url}/") else {}

    def _plain(self, method: str, path: str) -> Answer:
        return self.ask(Call(Request(method, path), answer))

    def _begin(self, url: str, request: Request) -> http.client.HTTPResponse:
        """Send a request to *url*, and read the status line and headers of the response."""
        try:
            where = address(url)
            connection = _connected(where, request.patience, self._tls)
            headers = {"Connection": "close", **request.headers}
            try:
                connection.request(request.method, where.target, request.body, headers)
            except OSError as error:
                if error.errno not in {errno.EPIPE, errno.ECONNRESET}:
                    raise
                # A server that refuses an upload answers and closes before it has all of it. The answer says why.
            return connection.getresponse()
        except (OSError, ValueError, http.client.HTTPException) as error:
            origin = "/".join(without_password(url)[0].split("/")[:3])
            raise Unavailable(f"no answer from {origin}: {_reason(error)}") from error


def patiently(step: Callable[[], T], deadline: float | None = None) -> T:
    """The result of *step*, which is tried again while the server is away.

    Raises :class:`TimeoutError` when it is away at the *deadline*, by :func:`time.monotonic`; None: never.
    """
    pauses = iter(AWAY)
    while True:
        try:
            return step()
        except Unavailable as error:
            pause = next(pauses)
            if deadline is not None and time.monotonic() + pause > deadline:
                raise TimeoutError(f"the time to wait is over: {error}") from error
            time.sleep(pause)


def _connected(where: Address, patience: float, tls: ssl.SSLContext | None) -> http.client.HTTPConnection:
    """A connection to a host, with *patience* seconds for each answer. Raises :class:`OSError`."""
    is_secure = where.scheme == "https"
    connection = (
        http.client.HTTPSConnection(where.host, where.port, timeout=CONNECT_LIMIT, context=tls)
        if is_secure
        else http.client.HTTPConnection(where.host, where.port, timeout=CONNECT_LIMIT)
    )
    try:
        connection.connect()
    except ssl.SSLCertVerificationError:
        raise
    except OSError as error:
        if is_secure and connection.sock is not None:  # connected, but the TLS handshake failed
            raise ConnectionError(f"{NO_TLS} ({_reason(error)})") from error
        raise
    connection.sock.settimeout(patience)
    return connection


def _whole(url: str, response: http.client.HTTPResponse) -> Response:
    headers = {
        name.lower(): value.encode("latin-1").decode(errors="replace") for name, value in response.getheaders()
    }
    return Response(response.status, headers, b"".join(_blocks(url, response)), url.partition("?")[0])


def _blocks(url: str, response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body of a response, block by block. Raises :class:`Unavailable` if it is incomplete."""
    try:
        while block := response.read(_BLOCK):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{url} broke off: {_reason(error)}") from error
    if response.length:
        raise Unavailable(f"{url} broke off, {response.length} bytes before its end")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
