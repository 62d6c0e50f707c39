"""Calls as values: a request, and the reading of its response. Nothing here does I/O."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from awed.model.errors import Unavailable
from awed.model.remarks import Remark
from awed.wire.envelope import Page
from awed.wire.errors import error_of

PATIENCE = 60.0
"""Seconds that the server may take to answer, unless a request has its own."""

CONNECT_LIMIT = 10.0
"""Seconds that a server may take to accept a connection, and for the TLS handshake."""

NO_TLS = "it does not speak TLS: is its URL http:// and not https://?"
"""What to say of a server with an ``https`` URL that accepts connections, but fails in the TLS handshake."""

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Request(NamedTuple):
    """A request. *path* begins with ``/`` and includes the query, quoted. *patience*: seconds for the answer."""

    method: str
    path: str
    body: bytes | Iterable[bytes] | None = None
    headers: Mapping[str, str] = {}
    patience: float = PATIENCE


class Response(NamedTuple):
    """A complete response. The names of *headers* are in lower case, the values decoded from UTF-8.

    *url*: of the request, without the query, for error messages.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str = ""


class Call(NamedTuple, Generic[T_co]):
    """A *request*, and the function that makes its result of the response.

    *read* raises the error that the response stands for, and :class:`~awed.model.errors.Unavailable` if it is not one
    of an AWE server, but of a proxy, for example.
    """

    request: Request
    read: Callable[[Response], T_co]


class Answer(Page[Raw]):
    """An envelope with data that is not decoded. *last*: the number from which a next request for events goes on."""

    warnings: list[Remark] = []
    last: int = 0

    def read(self, kind: type[T]) -> T:
        """The data as a *kind*. Raises :class:`~awed.model.errors.Unavailable` if it is of another type."""
        with understanding():
            return msgspec.json.decode(self.data, type=kind)


def answer(response: Response) -> Answer:
    """Read the envelope in *response*. Raises the error that it stands for if its status is not 200."""
    read = _decoded(response, Answer)
    if response.status != 200:
        raise error_of(response.status, read.error or ())
    return read


def data(kind: type[T]) -> Callable[[Response], T]:
    """The reading of a response whose data is a *kind*."""
    return lambda response: answer(response).read(kind)


def bare(kind: type[T]) -> Callable[[Response], T]:
    """The reading of a response that is a *kind* without an envelope. Only errors have one."""
    return lambda response: _decoded(response, kind) if response.status == 200 else answer(response).read(kind)


@contextmanager
def understanding() -> Iterator[None]:
    """Context in which errors of decoding are raised as :class:`~awed.model.errors.Unavailable`."""
    try:
        yield
    except _BROKEN as error:
        raise Unavailable(f"the server's answer is not understood: {error}") from None


def _decoded(response: Response, kind: type[T]) -> T:
    """Decode a response. Raises ``Unavailable`` if it is no JSON of this *kind*, such as the page of a proxy."""
    try:
        return msgspec.json.decode(response.content, type=kind)
    except _BROKEN:
        found = f"({response.status}): {response.content[:60]!r}"
        raise Unavailable(f"{response.url} does not answer like an AWE server {found}") from None
