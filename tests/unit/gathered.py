"""What comes one after the other, all at once."""

from collections.abc import AsyncIterable
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def gathered(items: AsyncIterable[T]) -> list[T]:
    """All of *items*, which wait for nothing."""

    async def gather() -> list[T]:
        return [item async for item in items]

    results: list[list[T] | Failure] = []
    Deferred.fromCoroutine(gather()).addBoth(results.append)
    [found] = results
    if isinstance(found, Failure):
        found.raiseException()
    return found
