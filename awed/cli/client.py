"""A client of the daemon for a program that asks one thing after another.

Nothing runs beside a question, so a reactor would bring nothing: ``http.client`` sends and reads a file block by
block, and takes no proxy from the environment, through which a server on the local network could not be reached.
"""

import errno
import http.client
import shutil
import ssl
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import BinaryIO, TypeVar
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Raw, Struct

from awed.model.job import Job
from awed.model.node import Node
from awed.wire.envelope import Page
from awed.wire.multipart import Field, form

TIMEOUT = 60.0
"""Seconds without a byte after which a server counts as away."""

_BLOCK = 1 << 16
_Data = TypeVar("_Data")


class ServerError(Exception):
    """What the user must read when a question got no good answer; *texts*: one sentence each."""

    def __init__(self, *texts: str) -> None:
        super().__init__("; ".join(texts))
        self.texts = texts


class Unreachable(ServerError):
    """Nothing answers at the server's address, or not in AWE's way, or only that it cannot answer now."""


class Refused(ServerError):
    """The server answered, and said no. *status* is the HTTP status."""

    def __init__(self, status: int, *texts: str) -> None:
        super().__init__(*texts)
        self.status = status


class Answer(Page[Raw]):
    """An answer, a page or not. *data* is kept as it came."""

    def read(self, kind: type[_Data]) -> _Data:
        """The data as a *kind* of the model."""
        try:
            return msgspec.json.decode(self.data, type=kind)
        except msgspec.ValidationError as error:
            raise Unreachable(f"the server's answer is not understood: {error}") from error


class About(Struct):
    """What matters here of ``GET /``. *queue_status*: ``running`` or ``suspended``."""

    queue_status: str = ""


class Server:
    """The daemon at *url*. *authorization* is the value of that header, "" to ask as the public; *tls* says whose
    certificates count, None means those that the system trusts.

    Every method raises a :class:`ServerError`. Paths begin with ``/`` and carry their query, already quoted.
    """

    def __init__(self, url: str, authorization: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.url = url.rstrip("/")
        self._authorization = authorization
        self._tls = tls

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def put(self, path: str) -> Answer:
        return self._ask("PUT", path)

    def post(self, path: str) -> Answer:
        return self._ask("POST", path)

    def delete(self, path: str) -> Answer:
        return self._ask("DELETE", path)

    def post_file(self, path: str, field: str, name: str, file: BinaryIO) -> Answer:
        """Send *file* as the file *name* in *field* of a form, block by block."""
        content_type, pieces = form([Field(field, file, name)])
        return self._ask("POST", path, _blocks(pieces), {"Content-Type": content_type})

    def about(self) -> About:
        """What the server says of itself. This answer alone has no envelope."""
        return _decoded(self.url, self._exchange("GET", f"{self.url}/", headers=self._headers()), About)

    def job(self, job_id: str) -> Job:
        return self.get(f"/job/{job_id}").read(Job)

    def upload(self, name: str, file: BinaryIO) -> Node:
        """Make a node of *file* in the daemon's node store."""
        return self.post_file("/node", "upload", name, file).read(Node)

    def download(self, url: str, out: BinaryIO) -> None:
        """Copy what *url* holds to *out*. Our token goes to our own server alone."""
        own = url.startswith(f"{self.url}/")
        response = self._exchange("GET", url, headers=self._headers() if own else {})
        try:
            shutil.copyfileobj(response, out, _BLOCK)
        except http.client.HTTPException as error:
            raise Unreachable(f"{url} broke off: {_reason(error)}") from error
        if response.length:
            raise Unreachable(f"{url} broke off, {response.length} bytes before its end")

    def _ask(
        self, method: str, path: str, body: Iterable[bytes] | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        url = self.url + path
        return _decoded(url, self._exchange(method, url, body, {**self._headers(), **headers}), Answer)

    def _exchange(
        self, method: str, url: str, body: Iterable[bytes] | None = None, headers: Mapping[str, str] = {}
    ) -> http.client.HTTPResponse:
        """Send one request, and read the head of its answer or the whole refusal.

        A *body* travels in chunks, so its size need not be known.
        """
        try:
            parts = urlsplit(url)
            connection = _connection(parts, self._tls)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            try:
                connection.request(method, target, body, {"Connection": "close", **headers})
            except OSError as error:
                if error.errno not in {errno.EPIPE, errno.ECONNRESET}:
                    raise
                # A server that refuses an upload answers and closes before it has all of it: its answer says why.
            response = connection.getresponse()
        except (OSError, ValueError, http.client.HTTPException) as error:
            origin = "/".join(url.split("/")[:3])
            raise Unreachable(f"no answer from {origin}: {_reason(error)}") from error
        if response.status == 200:
            return response
        texts = _decoded(url, response, Answer).error or [f"{response.status} {response.reason}"]
        raise Unreachable(*texts) if response.status == 503 else Refused(response.status, *texts)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self._authorization} if self._authorization else {}


def _connection(parts: SplitResult, tls: ssl.SSLContext | None) -> http.client.HTTPConnection:
    """:class:`ValueError`: this is no address."""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("expected http://HOST:PORT or https://HOST")
    if parts.scheme == "https":
        tls = tls or ssl.create_default_context()
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT, context=tls)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message} (see --ca)"
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _decoded(url: str, response: http.client.HTTPResponse, kind: type[_Data]) -> _Data:
    try:
        return msgspec.json.decode(response.read(), type=kind)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url} broke off in the middle of its answer: {_reason(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreachable(f"{url} does not answer like an AWE server ({response.status} {response.reason})") from None


def _blocks(pieces: Iterable[bytes | BinaryIO]) -> Iterator[bytes]:
    """The bytes of a form, its files in blocks."""
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from iter(partial(piece.read, _BLOCK), b"")
