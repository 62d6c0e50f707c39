"""Notification of the service manager (ready, reloading, stopping, alive) by systemd's protocol sd_notify."""

import socket
from collections.abc import Awaitable, Callable, Mapping

from twisted.logger import Logger


class Notifier:
    """Notifies the service manager at *address*, path or abstract name (``@...``) of a socket; "" for none."""

    _log = Logger()

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(self, **state: int | str) -> None:
        """Send *state*, such as ``ready=1, status="..."``. Does not block; failures are logged."""
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
    """Seconds between two signs of life, half of the limit set by the service manager; None if it expects none."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    granted = environ.get("WATCHDOG_USEC", "")
    return int(granted) / 2_000_000 if granted.isdecimal() and int(granted) else None


class Watchdog:
    """Sends signs of life as long as the reactor runs and *lives* says so.

    The service manager restarts a process that sends none, which helps if the store hangs.
    """

    def __init__(self, notifier: Notifier, lives: Callable[[], Awaitable[bool]]) -> None:
        self._notifier = notifier
        self._lives = lives

    async def beat(self) -> None:
        """Send a sign of life, if *lives* says so."""
        if await self._lives():
            self._notifier.tell(watchdog=1)
