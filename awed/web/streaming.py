"""Answers that may be long. They are made and encoded in turns, and sent at the pace of the peer.

A view uses :func:`listed` and :func:`mapped` for lists and maps that may be long. Their items are made, or read from
the store, one by one while the answer is sent, so that they are never all in memory.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator
from typing import Any, TypeVar, cast

from msgspec import Raw, json
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from awed.tx.streams import PIECE, Pace
from awed.tx.turns import Turns
from awed.web.body import AwedRequest
from awed.web.envelope import send_encoded, set_json_headers

T = TypeVar("T")

Items = Iterable[T] | AsyncIterable[T]

_MARK = b"\0"
"""Takes the place of a long part in encoded JSON, in which the byte does not occur otherwise."""


class _Long:
    """A list, or a map as pairs, whose items are still to be made. No Struct, as msgspec would encode it at once."""

    def __init__(self, items: Items[Any], is_map: bool) -> None:
        self.items = items
        self.is_map = is_map
        self.opening, self._closing = (b"{", b"}") if is_map else (b"[", b"]")

    def end(self, before: bytes) -> bytes:
        """The text that ends it. *before*: what would stand before a next item, ``opening`` if there was none."""
        return self.opening + self._closing if before == self.opening else self._closing


_put_off: list[_Long] = []
"""The long parts in the value that is being encoded."""


def _mark(value: object) -> Raw:
    if not isinstance(value, _Long):
        raise TypeError(f"no JSON for {type(value)}")
    _put_off.append(value)
    return Raw(_MARK)


_encoder = json.Encoder(enc_hook=_mark)


def listed(items: Items[T]) -> list[T]:
    """A list that may be long. It can only be sent: the return type says what the peer gets."""
    return cast(list[T], _Long(items, is_map=False))


def mapped(items: Items[tuple[str, T]]) -> dict[str, T]:
    """A map that may be long, given as pairs. It can only be sent: the return type says what the peer gets."""
    return cast(dict[str, T], _Long(items, is_map=True))


async def answer(request: AwedRequest, value: object, turns: Turns) -> bytes:
    """Answer with *value* as JSON. A short answer is returned; a long one is sent, and b"" returned."""
    text, long = _encoded(value)
    return await _send(request, _sent(_filled(text, long)), turns) if long else send_encoded(request, text)


async def _send(request: AwedRequest, parts: AsyncIterator[bytes], turns: Turns) -> bytes:
    rest = batches(turns(parts))
    first = await anext(rest)
    if len(first) < PIECE:
        return send_encoded(request, first)
    set_json_headers(request)
    if request.method != b"HEAD":
        await send_parts(request, rest, first)
    return b""


async def batches(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """*parts* joined into batches of at least :data:`~awed.tx.streams.PIECE` bytes, but for the last one."""
    batch = bytearray()
    async for part in parts:
        batch += part
        if len(batch) >= PIECE:
            yield bytes(batch)
            batch.clear()
    yield bytes(batch)


def pieces(value: object) -> AsyncIterator[bytes]:
    """The JSON of *value*, piece by piece."""
    return _sent(_filled(*_encoded(value)))


def _encoded(value: object) -> tuple[bytes, list[_Long]]:
    """The JSON of *value* with _MARK in the place of each long part, and these parts."""
    _put_off.clear()
    return _encoder.encode(value), _put_off.copy()


def _filled(text: bytes, long: list[_Long]) -> Iterator[bytes | _Long]:
    """*text* with the JSON of long parts in place of the marks. Parts with asynchronous items come as they are."""
    first, *others = text.split(_MARK) if long else [text]
    yield first
    for part, after in zip(long, others, strict=True):
        if isinstance(part.items, AsyncIterable):
            yield part
        else:
            before = part.opening
            for item in part.items:
                yield from _item(part, before, item)
                before = b","
            yield part.end(before)
        yield after


def _item(part: _Long, before: bytes, item: Any) -> Iterator[bytes | _Long]:
    """The JSON of an item of *part*, after *before*."""
    if part.is_map:
        name, item = item
        before += _encoder.encode(name) + b":"
    text, long = _encoded(item)
    if long:
        yield before
        yield from _filled(text, long)
    else:
        yield before + text


async def _sent(filled: Iterator[bytes | _Long]) -> AsyncIterator[bytes]:
    """*filled* with the JSON of the parts that have asynchronous items."""
    for piece in filled:
        if isinstance(piece, bytes):
            yield piece
        else:
            before = piece.opening
            async for item in cast(AsyncIterable[Any], piece.items):
                async for inner in _sent(_item(piece, before, item)):
                    yield inner
                before = b","
            yield piece.end(before)


_log = Logger()


async def send_paced(request: AwedRequest, pace: Pace, writing: Awaitable[None]) -> None:
    """Await *writing*, which writes the body of the answer at the *pace* of the peer.

    Raises what *writing* raises before it has written anything. If it fails later, the connection is broken off.
    """
    request.registerProducer(pace, True)  # type: ignore[no-untyped-call]
    try:
        await writing
    except CancelledError:
        return  # the client has left
    except Exception:
        if not request.startedWriting:
            raise
        _log.failure("{path}: the answer could not be finished", path=request.shown_path)
        transport: Any = request.transport
        transport.abortConnection()  # what was sent must not look complete
        await Deferred()  # is cancelled when the connection is lost
    finally:
        if request.channel is not None:
            request.unregisterProducer()  # type: ignore[no-untyped-call]


async def send_parts(request: AwedRequest, parts: AsyncIterator[bytes], first: bytes = b"") -> None:
    """Write *first*, then *parts*, which are made while they are sent, as :func:`send_paced` does."""
    pace = Pace()

    async def write() -> None:
        if first:  # else an error of the first part is still an answer
            request.write(first)
        async for part in parts:
            await pace.room()
            request.write(part)

    await send_paced(request, pace, write())
