"""When a worker leaves by itself: at the end of its walltime, or after too long without work."""

import re
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

MARGIN = 60.0
"""Seconds before the end of its walltime at which a worker stops taking work."""

LAST = 30.0
"""Seconds before the end of its walltime at which a worker kills what still runs, and hands it back."""

_CLOCK = re.compile(r"(?:(?:(?P<days>\d+)-)?(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d+)", re.ASCII)


def parse_time(text: str) -> int:
    """Seconds of a time as batch systems write it: ``900``, ``15:00``, ``4:00:00`` or ``1-12:00:00``.

    Raises :class:`ValueError` for any other text.
    """
    if text.isdecimal():
        return int(text)
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"expected seconds, or [[DAYS-]HOURS:]MINUTES:SECONDS, found {text!r}")
    days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


class Lifetime:
    """Tells a worker when to leave.

    *walltime*: seconds from the start until the worker must be gone. *idle_timeout*: seconds without work after which
    it leaves. None: no limit.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, walltime: float | None = None, idle_timeout: float | None = None) -> None:
        self._clock = clock
        self._walltime = walltime
        self._idle_timeout = idle_timeout
        self._end: float | None = None
        self._calls: list[IDelayedCall] = []
        self._idle: IDelayedCall | None = None

    def start(self, *, drain: Callable[[], None], hand_back: Callable[[], None], busy: Callable[[], bool]) -> None:
        """Begin to count the seconds. Calls *drain* when the worker is to take no more work, and *hand_back* when it
        is to kill what runs. *busy* says whether it has work now."""
        self._drain = drain
        self._busy = busy
        if self._walltime is not None:
            self._end = self._clock.seconds() + self._walltime
            self._calls += [
                self._clock.callLater(max(0.0, self._walltime - MARGIN), self._nearly_over),
                self._clock.callLater(max(0.0, self._walltime - LAST), hand_back),
            ]
        self._await_idleness()

    def stop(self) -> None:
        """Cancel all calls that are due later."""
        for call in (*self._calls, self._idle):
            if call is not None and call.active():
                call.cancel()

    def worked(self) -> None:
        """Count the idle time from now: a workunit has just ended."""
        if self._idle is not None and self._idle.active():
            self._idle.reset(self._idle_timeout or 0.0)

    def left(self) -> int | None:
        """Whole seconds that a command may take which begins now; None if the worker has no walltime."""
        return None if self._end is None else max(0, int(self._end - MARGIN - self._clock.seconds()))

    def holds(self, walltime: int) -> bool:
        """Whether a command which begins now may take *walltime* seconds."""
        left = self.left()
        return left is None or walltime <= left

    def _nearly_over(self) -> None:
        self._log.info("the walltime is nearly over")
        self._drain()

    def _await_idleness(self) -> None:
        if self._idle_timeout is not None:
            self._idle = self._clock.callLater(self._idle_timeout, self._perhaps_idle)

    def _perhaps_idle(self) -> None:
        if self._busy():
            self._await_idleness()
        else:
            self._log.info("no work for {seconds:g} seconds", seconds=self._idle_timeout)
            self._drain()
