"""Long loops on the reactor, in turns, so that other requests are served in between."""

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")

TURN = 0.01
"""Seconds after which loops let the reactor do other things."""


async def each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """Iterates over *items* asynchronously, whichever kind of iterable it is."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """*items*, *size* at a time."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


class Turns:
    """Iterates, and lets *reactor* do other things after each turn. All its loops share one turn: between two rounds
    of the reactor they take TURN seconds together, however many they are, and go on in the order in which they came.
    """

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._until: float | None = None
        """When the turn of this round is over, None if no loop went on in this round."""
        self._waiting: deque[Deferred[None]] = deque()

    async def __call__(self, items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
        """The *items*, one by one. Between two of them anything may change, also what *items* is made of."""
        self._is_over()
        async for item in items if isinstance(items, AsyncIterable) else each(items):
            yield item
            if self._is_over():
                await self._place()

    def paced(self, items: Iterable[T]) -> Generator[T | Deferred[str], None, None]:
        """The *items*, and after each turn a Deferred of "", for a reader who waits for such before going on.

        A template does. It asks for one item after the other, so the time to make them counts, too.
        """
        self._is_over()
        for item in items:
            yield item
            if self._is_over():
                yield self._place().addCallback(lambda _: "")

    async def pause(self) -> None:
        """Let the reactor do other things if the turn is over. To be called now and then in a loop."""
        if self._is_over():
            await self._place()

    def _is_over(self) -> bool:
        if self._until is None:
            self._until = self._reactor.seconds() + TURN
            self._reactor.callLater(0, self._go_on)
            return False
        return self._reactor.seconds() >= self._until

    def _place(self) -> Deferred[None]:
        """Fires when it is the caller's turn again. The turn of this round must be over."""
        place: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(place)
        return place

    def _go_on(self) -> None:
        self._until = None
        while self._waiting and not self._is_over():
            self._waiting.popleft().callback(None)
