"""Work that is done again and again, as time passes."""

from collections.abc import Awaitable, Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger


class Rounds:
    """Calls *work* every *interval* seconds, one round at a time. One that fails is logged, and the next runs."""

    _log = Logger()

    def __init__(self, work: Callable[[], Awaitable[object]], interval: float, reactor: IReactorTime) -> None:
        self._work = work
        self._interval = interval
        self._loop = LoopingCall(self._round)
        self._loop.clock = reactor

    async def _round(self) -> None:
        try:
            await self._work()
        except Exception:
            self._log.failure("A round failed; the next one is in {interval} s", interval=self._interval)

    def start(self) -> None:
        """The first round comes after one interval."""
        self._ended = self._loop.start(self._interval, now=False)

    async def stop(self) -> None:
        """No further round; waits for the one under way."""
        self._loop.stop()
        await self._ended
