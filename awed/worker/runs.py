"""The workunits of a worker: some run, others are in hand until there is room for them."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from awed.model.work import ReportStatus, Workunit
from awed.wire.reports import MAX_AT_ONCE
from awed.worker.machine import Allotment, Machine
from awed.worker.report import Finished, Key, handed_back, refusal

LONG = 1.0
"""Seconds from which a command is long: then none is kept in hand. To wait for the server between long commands costs
little, and a workunit that waits here could run on another worker."""


AHEAD = 0.5
"""Seconds of work to have in hand for each core while commands are short."""


MOST = 64
"""The most workunits to have in hand for each core, however short they are."""


PATIENCE = 2.0
"""Seconds between two looks whether any workunit has begun. If none has, those in hand are handed back."""


class Prefetch:
    """Says how many workunits to keep in hand: *fixed* for each core, or as many as can begin soon."""

    def __init__(self, fixed: int | None = None) -> None:
        self.fixed = fixed
        self._typical = LONG

    def lasted(self, seconds: float) -> None:
        """Note that a run took so many *seconds*."""
        self._typical += (min(seconds, 2 * LONG) - self._typical) / 4

    def stuck(self) -> None:
        """Note that runs take so long that nothing was begun for ``PATIENCE`` seconds."""
        self._typical = 2 * LONG

    @property
    def is_short(self) -> bool:
        """Whether runs take less than ``LONG`` seconds at present."""
        return self._typical < LONG

    @property
    def ahead(self) -> int:
        """How many workunits to have in hand for each core."""
        if self.fixed is not None:
            return self.fixed
        if not self.is_short:
            return 0
        return max(1, min(MOST, int(AHEAD / max(self._typical, AHEAD / MOST))))


class Lack(NamedTuple):
    """What to ask the server for: at *most* so many workunits, of which *ahead* may wait here until others end."""

    most: int
    ahead: int


Run = Callable[[Workunit, Allotment], Awaitable[Finished]]
"""Runs a workunit and makes its report. If cancelled, it kills the command and reports the work as ``discarded``."""


class Runs:
    """Runs as many workunits at once as the *machine* has room for.

    *finished* is called with the report on each workunit, run or handed back. *fits* says whether there is time left
    to run a workunit. *stuck* is called when runs take longer than before: workunits that the server was asked for to
    keep in hand are not wanted any more.
    """

    _log = Logger()

    def __init__(
        self,
        run: Run,
        finished: Callable[[Finished], None],
        *,
        machine: Machine,
        prefetch: Prefetch,
        fits: Callable[[Workunit], bool],
        stuck: Callable[[], None],
        clock: IReactorTime,
    ) -> None:
        self._run = run
        self._finished = finished
        self._machine = machine
        self._prefetch = prefetch
        self._fits = fits
        self._stuck = stuck
        self._clock = clock
        self._in_hand: dict[Key, Workunit] = {}
        self._running: dict[Key, Deferred[Finished]] = {}
        self._discarded: set[Key] = set()
        self._begun = 0
        self._beginning = False
        self._watch: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._running) + len(self._in_hand)

    def wuids(self) -> set[str]:
        return {key.wuid for key in self._keys()}

    def lack(self) -> Lack:
        """How many workunits to ask for. None while over half of those to keep in hand are here."""
        ahead = self._machine.plain * self._prefetch.ahead
        if len(self._in_hand) > ahead // 2:
            return Lack(0, 0)
        room = self._machine.room
        return Lack(min(room + ahead - len(self._in_hand), MAX_AT_ONCE), ahead - len(self._in_hand))

    def take(self, works: Iterable[Workunit]) -> None:
        """Run *works* as soon as there is room. Earlier attempts of these workunits are discarded."""
        here = self._keys()
        fresh = {key: work for work in works if (key := Key(work.wuid, work.attempt)) not in here}
        self.discard({key.wuid for key in fresh})
        self._in_hand |= fresh
        self._begin()
        self._watch_over()

    def discard(self, wuids: Collection[str]) -> None:
        """Hand back the workunits with these ids, and kill those of them that run."""
        self._hand_back([key for key in self._in_hand if key.wuid in wuids])
        for key, running in list(self._running.items()):
            if key.wuid in wuids and key not in self._discarded:
                # Once only: a second cancellation would cancel the killing.
                self._discarded.add(key)
                running.cancel()

    def discard_all(self) -> None:
        """Hand back all workunits, and kill those that run."""
        self.discard(self.wuids())

    def run_out(self) -> None:
        """Hand back the workunits in hand, and let the others run on."""
        self._hand_back(list(self._in_hand))
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _keys(self) -> set[Key]:
        return self._running.keys() | self._in_hand.keys()

    def _hand_back(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if self._in_hand.pop(key, None) is not None:
                self._finished(handed_back(key))

    def _begin(self) -> None:
        """Begin the workunits that there is room for; in a loop, as a run may end before :meth:`_start` returns."""
        if self._beginning:
            return
        self._beginning = True
        try:
            while self._in_hand:
                key, work = next(iter(self._in_hand.items()))
                if not self._fits(work) or not self._machine.holds(work):
                    self._hand_back([key])
                elif allotment := self._machine.take(work):
                    self._start(key, self._in_hand.pop(key), allotment)
                else:
                    break
        finally:
            self._beginning = False

    def _start(self, key: Key, work: Workunit, allotment: Allotment) -> None:
        self._begun += 1
        self._watch_over()
        if not self._prefetch.is_short:  # lines on short ones would drown all others
            self._log.info("{work}: begins", work=key.wuid)
        self._running[key] = running = Deferred.fromCoroutine(self._timed(work, allotment))
        running.addErrback(self._broken, key)
        running.addCallback(self._ended, key, allotment)

    async def _timed(self, work: Workunit, allotment: Allotment) -> Finished:
        began = self._clock.seconds()
        finished = await self._run(work, allotment)
        if finished.status is not ReportStatus.DISCARDED:
            self._prefetch.lasted(self._clock.seconds() - began)
        return finished

    def _broken(self, failure: Failure, key: Key) -> Finished:
        self._log.failure("running {work} failed", failure, work=key.wuid)
        return refusal(key.wuid, key.attempt, f"a fault of the worker: {failure.value!r}")

    def _ended(self, finished: Finished, key: Key, allotment: Allotment) -> None:
        del self._running[key]
        self._machine.give_back(allotment)
        self._discarded.discard(key)
        self._begin()
        self._finished(finished)

    def _watch_over(self) -> None:
        """Schedule the next :meth:`_look` if workunits are in hand, or to be asked for."""
        if self._watch is None and self._prefetch.fixed is None and (self._prefetch.ahead or self._in_hand):
            self._watch = self._clock.callLater(PATIENCE, self._look, self._begun)

    def _look(self, begun: int) -> None:
        self._watch = None
        if not self._running:
            return
        if begun == self._begun:
            self._prefetch.stuck()
            self._stuck()
        if not self._prefetch.ahead:
            self._hand_back(list(self._in_hand))
        self._watch_over()
