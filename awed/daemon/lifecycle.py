"""How the daemon starts step by step, stops by undoing the steps in reverse, and with which status it ends."""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ReactorNotRunning
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


def end_well_on_sigterm(reactor: Any) -> None:
    """Let the status be 0 when the program was asked to end and did so in order."""

    def forget() -> None:
        if reactor._exitSignal == signal.SIGTERM:
            reactor._exitSignal = None

    reactor.addSystemEventTrigger("after", "shutdown", forget)


def end_badly(reactor: IReactorCore, reason: str) -> None:
    """Stop the reactor, and end with *reason* on stderr and status 1.

    The last words come after those of twistd, which removes its pidfile when the reactor has stopped.
    """

    def leave() -> None:
        print(f"awed: {reason}", file=sys.__stderr__, flush=True)
        os._exit(1)

    atexit.register(leave)
    with suppress(ReactorNotRunning):  # it is about to stop already
        reactor.stop()


YOUNG_OBJECTS = 100_000
"""New objects after which the youngest are looked through; Python's 700 make a job of 10,000 tasks cost 140 looks."""


SWITCH_INTERVAL = 0.0005
"""Seconds after which a thread at work gives way to the reactor; it asks several times for each request."""


def tune() -> None:
    """Measured on a submission of 10,000 tasks: meanwhile ``GET /`` took up to 300 ms before, and 60 to 110 after."""
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
    sys.setswitchinterval(SWITCH_INTERVAL)
