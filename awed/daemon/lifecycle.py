"""A service that starts step by step, and stops by undoing the steps in reverse."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorCore


class SteppedService(Service):
    """Once the reactor runs, awaits *start*, which leaves on the stack what is to be undone at the stop.

    A *start* that fails is undone as far as it came, and *failed* is told why; one that still runs when the service
    is to stop is cancelled.
    """

    def __init__(
        self,
        reactor: IReactorCore,
        start: Callable[[AsyncExitStack], Awaitable[None]],
        failed: Callable[[Exception], None],
    ) -> None:
        self._reactor = reactor
        self._start = start
        self._failed = failed
        self._stack = AsyncExitStack()
        self._starting: Deferred[None] | None = None

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        self._starting = Deferred.fromCoroutine(self._run())

    async def _run(self) -> None:
        try:
            await self._start(self._stack)
        except CancelledError:
            return  # Whoever cancels undoes the steps.
        except Exception as error:
            await self._stack.aclose()
            self._failed(error)

    def stopService(self) -> Deferred[None]:
        """Fires when every step is undone."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._starting is not None:
            self._starting.cancel()
        return Deferred.fromCoroutine(self._stack.aclose())
