"""What a call is: a request, and what its answer means. Nothing here sends anything."""

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
"""Seconds that a server may take to answer, unless a call says otherwise."""

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Request(NamedTuple):
    """*path* begins with ``/`` and carries its query, quoted. *patience*: seconds for the server to answer."""

    method: str
    path: str
    body: bytes | Iterable[bytes] | None = None
    headers: Mapping[str, str] = {}
    patience: float = PATIENCE


class Response(NamedTuple):
    """A whole response. The names of *headers* are in lower case; their values are UTF-8, as secrets of users are.

    *url*: where it comes from, for errors.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str = ""


class Call(NamedTuple, Generic[T_co]):
    """A *request*, and how to *read* its response.

    Reading raises the error that an answer is, and :class:`~awed.model.errors.Unavailable` for what no AWE server
    says: somebody else answers in its place.
    """

    request: Request
    read: Callable[[Response], T_co]


class Answer(Page[Raw]):
    """What stands in the envelope. The data is kept as it came."""

    warnings: list[Remark] = []

    def read(self, kind: type[T]) -> T:
        """The data as a *kind* of the model."""
        with understanding():
            return msgspec.json.decode(self.data, type=kind)


def answer(response: Response) -> Answer:
    """Reads an answer."""
    read = _decoded(response, Answer)
    if response.status != 200:
        raise error_of(response.status, read.error or ())
    return read


def data(kind: type[T]) -> Callable[[Response], T]:
    """Reads an answer, for its data."""
    return lambda response: answer(response).read(kind)


def bare(kind: type[T]) -> Callable[[Response], T]:
    """Reads an answer that has no envelope, unless it is a refusal."""
    return lambda response: _decoded(response, kind) if response.status == 200 else answer(response).read(kind)


@contextmanager
def understanding() -> Iterator[None]:
    """Turns what decoding raises into :class:`~awed.model.errors.Unavailable`."""
    try:
        yield
    except _BROKEN as error:
        raise Unavailable(f"the server's answer is not understood: {error}") from None


def _decoded(response: Response, kind: type[T]) -> T:
    """A proxy's page, or half an answer, is no answer: only what stands in the envelope is the server's word."""
    try:
        return msgspec.json.decode(response.content, type=kind)
    except _BROKEN:
        found = f"({response.status}): {response.content[:60]!r}"
        raise Unavailable(f"{response.url} does not answer like an AWE server {found}") from None
