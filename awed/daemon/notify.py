"""What the service manager is told of us: ready, reloading, stopping, alive. The protocol is systemd's sd_notify."""

import socket
from collections.abc import Awaitable, Callable, Mapping

from twisted.logger import Logger

from awed.model.errors import Unavailable
from awed.store.mongo.failures import Superseded


class Notifier:
    """Tells the service manager that listens at *address*, a socket's path or abstract name (``@...``). "": nobody
    started us who wants to know.
    """

    _log = Logger()

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(self, **state: int | str) -> None:
        """Tell the *state*, as ``ready=1, status="..."``. Never waits; what cannot be told is logged."""
        if not self._address:
            return
        message = "\n".join(f"{name.upper()}={value}" for name, value in state.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            self._log.error("cannot tell the service manager {message}: {error}", message=message, error=error)


def watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds between two signs of life: half of what the service manager grants this process. None: it waits for
    none.
    """
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    granted = environ.get("WATCHDOG_USEC", "")
    return int(granted) / 2_000_000 if granted.isdecimal() and int(granted) else None


class Watchdog:
    """Gives signs of life: while the reactor turns, and the store answers what *ask* asks, be it with an error.

    The manager ends who gives none, and starts it anew. That helps against a store that hangs, and a daemon whose
    database was taken over waits that way for its turn; it does not help against a database that is away.
    """

    def __init__(self, notifier: Notifier, ask: Callable[[], Awaitable[object]]) -> None:
        self._notifier = notifier
        self._ask = ask

    async def beat(self) -> None:
        """Give a sign of life, unless the store is lost."""
        try:
            await self._ask()
        except Superseded:
            return
        except Unavailable:
            pass
        self._notifier.tell(watchdog=1)
