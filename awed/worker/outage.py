"""What to do while the server does not answer: wait, longer the longer it lasts, and say so once."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from twisted.internet.defer import TimeoutError as Late
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from awed.model.errors import AwedError, ClientNotFound, Unavailable
from awed.tx.locks import Condition
from awed.tx.pauses import Pauses

PAUSES = Pauses(0.5, 10.0, growth=1.5)

T = TypeVar("T")


class Outage:
    """The times when the server cannot be reached, shared by all who talk to it.

    *spread* gives a random number from 0 to 1: workers that lost their server together should not return together.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, spread: Callable[[], float]) -> None:
        self._clock = clock
        self._spread = spread
        self._lasts = False
        self._pauses = iter(PAUSES)
        self._longest = PAUSES.longest
        self._next_try = 0.0
        self._over = Condition()

    def note(self, error: AwedError) -> None:
        """Somebody met this *error*."""
        if not self._lasts:
            self._lasts = True
            self._log.warn("no success with the server, trying again: {error}", error=error)

    def quicken(self, longest: float) -> None:
        """Let no pause be longer than so many seconds from now on."""
        self._longest = min(self._longest, longest)

    async def pause(self, error: AwedError) -> None:
        """Wait after *error*, until the server answers somebody or it is time to try again, for all who wait."""
        self.note(error)
        now = self._clock.seconds()
        if self._next_try <= now:
            self._next_try = now + min(next(self._pauses), self._longest) * (0.5 + self._spread() / 2)
        with suppress(Late):
            await self._over.wait().addTimeout(self._next_try - now, self._clock)

    def over(self) -> None:
        """The server has answered."""
        if self._lasts:
            self._log.info("the server answers again")
            self._lasts = False
            self._pauses = iter(PAUSES)
            self._next_try = 0.0
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
