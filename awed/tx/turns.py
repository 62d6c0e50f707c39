"""Long loops on the reactor, in turns, so that other requests are served in between."""

from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

T = TypeVar("T")

TURN = 0.01
"""Seconds after which a loop lets the reactor do other things."""


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
    """Iterates, and lets *reactor* do other things after each turn."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor

    async def __call__(self, items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
        """The *items*, one by one. Between two of them anything may change, also what *items* is made of."""
        until = self._reactor.seconds() + TURN
        async for item in items if isinstance(items, AsyncIterable) else each(items):
            yield item
            if self._reactor.seconds() >= until:
                await deferLater(self._reactor, 0)
                until = self._reactor.seconds() + TURN

    def paced(self, items: Iterable[T]) -> Generator[T | Deferred[str], None, None]:
        """The *items*, and after each turn a Deferred of "", for a reader who waits for such before going on.

        A template does. It asks for one item after the other, so the time to make them counts, too.
        """
        until = self._reactor.seconds() + TURN
        for item in items:
            yield item
            if self._reactor.seconds() >= until:
                yield deferLater(self._reactor, 0, str)
                until = self._reactor.seconds() + TURN
