"""How long a worker stays: until its time is over, or until there was no work for too long."""

import re
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

MARGIN = 60.0
"""Seconds before the end of its time from which a worker takes no work."""

LAST = 30.0
"""Seconds before the end at which what still runs is killed and handed back, and for which there must be time."""

_CLOCK = re.compile(r"(?:(?:(?P<days>\d+)-)?(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d+)", re.ASCII)


def parse_time(text: str) -> int:
    """Seconds of ``900``, ``15:00``, ``4:00:00`` or ``1-12:00:00``, as batch systems write times.

    Raises :class:`ValueError`.
    """
    if text.isdecimal():
        return int(text)
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"expected seconds, or [[DAYS-]HOURS:]MINUTES:SECONDS, found {text!r}")
    days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


class Lifetime:
    """Tells a worker when it is to leave.

    *walltime*: seconds from the start until the worker must be gone. *idle_timeout*: seconds without work after which
    it goes. None: that is no reason.
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
        """From now on. *drain* is called when it is time to take no more work, *hand_back* when none may run any
        more; *busy* says whether there is work."""
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
        """Call nobody any more."""
        for call in (*self._calls, self._idle):
            if call is not None and call.active():
                call.cancel()

    def worked(self) -> None:
        """There was work until now."""
        if self._idle is not None and self._idle.active():
            self._idle.reset(self._idle_timeout or 0.0)

    def left(self) -> int | None:
        """Whole seconds that a command which begins now may take, None if it may take any time."""
        return None if self._end is None else max(0, int(self._end - MARGIN - self._clock.seconds()))

    def holds(self, walltime: int) -> bool:
        """Whether a command that begins now may take so many seconds."""
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
