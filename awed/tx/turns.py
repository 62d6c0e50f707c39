"""Long loops on the reactor, cut into turns, so that no request waits for the end of another's."""

from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

T = TypeVar("T")

TURN = 0.01
"""Seconds for which a loop has the reactor at a time."""


class Turns:
    """Goes through iterables, and lets *reactor* do other things after each turn."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor

    async def __call__(self, items: Iterable[T]) -> AsyncIterator[T]:
        """The items, one by one. What they are made of may change between two of them."""
        until = self._reactor.seconds() + TURN
        for item in items:
            yield item
            if self._reactor.seconds() >= until:
                await deferLater(self._reactor, 0)
                until = self._reactor.seconds() + TURN
