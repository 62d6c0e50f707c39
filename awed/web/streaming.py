"""Answers that may be long: made and encoded in turns, and sent at the pace of the peer.

A view puts :func:`listed` and :func:`mapped` where a list or a map may be long. Their items are made one after the
other, or come from the store, while the answer is sent; nobody holds them all.
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
"""Stands in JSON text for a long part; the byte occurs nowhere else in it."""


class _Long:
    """A list, or a map of pairs, whose items are still to be made. No Struct, which would be encoded at once."""

    def __init__(self, items: Items[Any], is_map: bool) -> None:
        self.items = items
        self.is_map = is_map
        self.opening, self._closing = (b"{", b"}") if is_map else (b"[", b"]")

    def end(self, before: bytes) -> bytes:
        """What ends it, *before* which one more item would stand."""
        return self.opening + self._closing if before == self.opening else self._closing


_put_off: list[_Long] = []
"""The long parts of what is being encoded."""


def _mark(value: object) -> Raw:
    if not isinstance(value, _Long):
        raise TypeError(f"no JSON for {type(value)}")
    _put_off.append(value)
    return Raw(_MARK)


_encoder = json.Encoder(enc_hook=_mark)


def listed(items: Items[T]) -> list[T]:
    """A list that may be long. It can be sent and nothing else; its type is what the peer sees."""
    return cast(list[T], _Long(items, is_map=False))


def mapped(items: Items[tuple[str, T]]) -> dict[str, T]:
    """A map that may be long, likewise."""
    return cast(dict[str, T], _Long(items, is_map=True))


async def answer(request: AwedRequest, value: object, turns: Turns) -> bytes:
    """The answer to a request that was done: *value* as JSON. What is short is returned, what is long sent."""
    text, long = _encoded(value)
    return await _send(request, _sent(_filled(text, long)), turns) if long else send_encoded(request, text)


async def _send(request: AwedRequest, parts: AsyncIterator[bytes], turns: Turns) -> bytes:
    batches = _batches(turns(parts))
    first = await anext(batches)
    if len(first) < PIECE:
        return send_encoded(request, first)
    set_json_headers(request)
    if request.method != b"HEAD":
        pace = Pace()
        await send_paced(request, pace, _write(request, pace, first, batches))
    return b""


async def _write(request: AwedRequest, pace: Pace, first: bytes, rest: AsyncIterator[bytes]) -> None:
    request.write(first)
    async for batch in rest:
        await pace.room()
        request.write(batch)


async def _batches(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """*parts* in batches worth a write: all but the last have at least :data:`~awed.tx.streams.PIECE` bytes."""
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
    """The JSON of *value* with a mark in the place of each long part, and these parts."""
    _put_off.clear()
    return _encoder.encode(value), _put_off.copy()


def _filled(text: bytes, long: list[_Long]) -> Iterator[bytes | _Long]:
    """*text* with the items in the places of the marks, but for parts whose items are still to come."""
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
    """One item, behind what stands *before* it."""
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
    """The same with the parts whose items come."""
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
    """Let *writing* write the body of the answer to *request*, at the *pace* of the peer.

    Raises what it raises before it writes anything; later the connection is broken.
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
        await Deferred()  # the end of the connection ends this as well
    finally:
        if request.channel is not None:
            request.unregisterProducer()  # type: ignore[no-untyped-call]
