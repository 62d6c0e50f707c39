"""What to do while the server does not answer: wait, longer the longer it lasts, and say so once."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from twisted.internet.defer import TimeoutError as Late
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from awed.model.errors import AwedError, ClientNotFound, Unavailable
from awed.tx.locks import Condition

SHORTEST = 0.5
LONGEST = 30.0

T = TypeVar("T")


class Outage:
    """The times when the server cannot be reached, shared by all who talk to it.

    *spread* gives a random number from 0 to 1: workers that lost their server together should not return together.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, spread: Callable[[], float]) -> None:
        self._clock = clock
        self._spread = spread
        self._since: float | None = None
        self._over = Condition()

    def note(self, error: AwedError) -> None:
        """Somebody met this *error*."""
        if self._since is None:
            self._since = self._clock.seconds()
            self._log.warn("no success with the server, trying again: {error}", error=error)

    async def pause(self, error: AwedError) -> None:
        """Wait after *error*, until the server answers somebody or it is time to try again."""
        self.note(error)
        lasts = self._clock.seconds() - (self._since or 0.0)
        longest = min(max(SHORTEST, lasts / 2), LONGEST)
        await self._over_within(longest * (0.5 + self._spread() / 2))

    def over(self) -> None:
        """The server has answered."""
        if self._since is not None:
            self._log.info("the server answers again")
            self._since = None
            self._over.notify()

    async def persist(self, call: Callable[[], Awaitable[T]], *also: type[AwedError]) -> T:
        """What *call* returns, as soon as there is a server that knows this worker to answer it.

        Errors of the types *also* are waited out as well; others are raised.
        """
        passing: tuple[type[AwedError], ...] = (Unavailable, ClientNotFound, *also)
        while True:
            try:
                return await call()
            except passing as error:
                await self.pause(error)

    async def _over_within(self, seconds: float) -> None:
        with suppress(Late):
            await self._over.wait().addTimeout(seconds, self._clock)
