"""The start of the daemon in steps, its stop, which undoes them in reverse, and its exit status."""

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
    """A service that awaits *start* once the reactor runs. *start* puts on the stack what undoes its steps.

    The steps are undone when the service stops, which cancels a *start* that is still running. If *start* fails, the
    steps it took are undone and *failed* is called with the error.
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
            return  # stopService, which cancelled this, undoes the steps
        except Exception as error:
            await self._stack.aclose()
            self._failed(error)

    def stopService(self) -> Deferred[None]:
        """Fires when all steps are undone."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._starting is not None:
            self._starting.cancel()
        return Deferred.fromCoroutine(self._stack.aclose())


def end_well_on_sigterm(reactor: Any) -> None:
    """Make the exit status 0 after SIGTERM, which Twisted would otherwise send to the process again at the end."""

    def forget() -> None:
        if reactor._exitSignal == signal.SIGTERM:
            reactor._exitSignal = None

    reactor.addSystemEventTrigger("after", "shutdown", forget)


def end_badly(reactor: IReactorCore, reason: str) -> None:
    """Stop the reactor and end with exit status 1 and *reason* on stderr.

    That is left to atexit, after twistd has removed its pidfile.
    """

    def leave() -> None:
        print(f"awed: {reason}", file=sys.__stderr__, flush=True)
        os._exit(1)

    atexit.register(leave)
    with suppress(ReactorNotRunning):  # it is stopping already
        reactor.stop()


YOUNG_OBJECTS, YOUNG_COLLECTIONS, MIDDLE_COLLECTIONS = 10_000, 4, 5_000
"""The thresholds of Python's garbage collector, for its three generations, see ``gc.set_threshold``.

With Python's 700 new objects, loading a job of 10,000 tasks would cause 140 collections. A full collection of two
million objects blocks the reactor for 300 ms.
"""

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread gives way to the reactor, which may wait so several times for each request."""


def tune() -> None:
    """Tune the interpreter for short waits: beside a submission of 10,000 tasks ``GET /`` then took 60 to 110 ms,
    where it had taken up to 300."""
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, MIDDLE_COLLECTIONS)
    sys.setswitchinterval(SWITCH_INTERVAL)
