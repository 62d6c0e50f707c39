"""How the program ends: twistd by itself ends with status 0 after any run of the reactor, or by the signal it got."""

import atexit
import os
import signal
import sys
from typing import Any

from twisted.internet.interfaces import IReactorCore


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
    reactor.stop()
