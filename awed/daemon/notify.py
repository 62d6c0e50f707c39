"""What the service manager is told of us: ready, reloading, stopping, alive. The protocol is systemd's sd_notify."""

import socket
from collections.abc import Awaitable, Callable, Mapping

from twisted.logger import Logger


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
    """Gives signs of life while the reactor turns and the engine *lives*.

    The manager ends who gives none, and starts it anew. That helps against a store that hangs.
    """

    def __init__(self, notifier: Notifier, lives: Callable[[], Awaitable[bool]]) -> None:
        self._notifier = notifier
        self._lives = lives

    async def beat(self) -> None:
        """Give a sign of life, if there is life."""
        if await self._lives():
            self._notifier.tell(watchdog=1)
