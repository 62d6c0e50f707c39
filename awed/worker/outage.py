"""How a worker waits while the server does not answer: longer and longer, with one line in the log."""

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
    """Knows whether the server can be reached; shared by all parts of a worker that call it.

    *spread* returns a random number from 0 to 1, so that workers that lost their server together return one by one.
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
        """Note that a call failed by *error*; the first one of an outage is logged."""
        if not self._lasts:
            self._lasts = True
            self._log.warn("no success with the server, trying again: {error}", error=error)

    def quicken(self, longest: float) -> None:
        """Let no further pause be longer than *longest* seconds."""
        self._longest = min(self._longest, longest)

    async def pause(self, error: AwedError) -> None:
        """Wait after *error*, until the server answers any call or it is time for the next try, common to all."""
        self.note(error)
        now = self._clock.seconds()
        if self._next_try <= now:
            self._next_try = now + min(next(self._pauses), self._longest) * (0.5 + self._spread() / 2)
        with suppress(Late):
            await self._over.wait().addTimeout(self._next_try - now, self._clock)

    def over(self) -> None:
        """Note that the server has answered: all who wait try again."""
        if self._lasts:
            self._log.info("the server answers again")
            self._lasts = False
            self._pauses = iter(PAUSES)
            self._next_try = 0.0
            self._over.notify()

    async def persist(self, call: Callable[[], Awaitable[T]], *also: type[AwedError]) -> T:
        """The result of *call*, repeated while it fails because the server is away or does not know this worker.

        Errors of the types *also* are waited out too; all others are raised.
        """
        passing: tuple[type[AwedError], ...] = (Unavailable, ClientNotFound, *also)
        while True:
            try:
                return await call()
            except passing as error:
                await self.pause(error)
