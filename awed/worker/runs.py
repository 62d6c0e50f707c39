"""The workunits that are here: some run, others are in hand until there is room for them."""

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
"""Seconds from which on a command is long: a slot may wait for the server after it, which costs little, while
a workunit in hand might wait for a slot, and others could run it."""


AHEAD = 0.5
"""Seconds of work for each slot to have in hand while commands are short."""


MOST = 64
"""Workunits in hand for each slot, however short they are."""


PATIENCE = 2.0
"""Seconds between two looks whether anything was begun. If not, what is in hand goes back: runs last too long now."""


class Prefetch:
    """Keeps in hand what is begun soon, by how long runs last here; or just *fixed* workunits for each slot."""

    def __init__(self, fixed: int | None = None) -> None:
        self.fixed = fixed
        self._typical = LONG

    def lasted(self, seconds: float) -> None:
        """A run is over."""
        self._typical += (min(seconds, 2 * LONG) - self._typical) / 4

    def stuck(self) -> None:
        """Runs last so long that what is in hand was handed back."""
        self._typical = 2 * LONG

    @property
    def ahead(self) -> int:
        """How many workunits to have in hand for each slot."""
        if self.fixed is not None:
            return self.fixed
        if self._typical >= LONG:
            return 0
        return max(1, min(MOST, int(AHEAD / max(self._typical, AHEAD / MOST))))


class Lack(NamedTuple):
    """What to ask for: how many workunits at *most*, and how many of these may wait here until others have ended."""

    most: int
    ahead: int


Run = Callable[[Workunit, Allotment], Awaitable[Finished]]
"""Runs a workunit to its end and reports. Cancelled, it kills the command and hands the work back."""


class Runs:
    """Runs as many workunits at once as the *machine* has room for; *finished* is called with each one's report,
    begun or not.

    *fits*: whether there is still time for a workunit that was in hand for a while. *stuck* is called when runs last
    longer than they did, so that what was asked for is not wanted here any more.
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
        """How many more to ask for. None while half of what should be in hand is there: one request brings many."""
        ahead = self._machine.plain * self._prefetch.ahead
        if len(self._in_hand) > ahead // 2:
            return Lack(0, 0)
        room = self._machine.room
        return Lack(min(room + ahead - len(self._in_hand), MAX_AT_ONCE), ahead - len(self._in_hand))

    def take(self, works: Iterable[Workunit]) -> None:
        """Run *works*, as soon as there is room. Earlier attempts that are still here are not wanted any more."""
        here = self._keys()
        fresh = {key: work for work in works if (key := Key(work.wuid, work.attempt)) not in here}
        self.discard({key.wuid for key in fresh})
        self._in_hand |= fresh
        self._begin()
        self._watch_over()

    def discard(self, wuids: Collection[str]) -> None:
        """Hand these workunits back, and kill those of them that run."""
        self._hand_back([key for key in self._in_hand if key.wuid in wuids])
        for key, running in list(self._running.items()):
            if key.wuid in wuids and key not in self._discarded:
                # Once only: to cancel again would cancel the killing.
                self._discarded.add(key)
                running.cancel()

    def discard_all(self) -> None:
        """Kill everything that runs, and hand it back with what is in hand."""
        self.discard(self.wuids())

    def run_out(self) -> None:
        """Hand back what is not begun, and let run what runs."""
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
        """Begin what there is room for; in a loop, for a run may end before its beginning returns."""
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
        """See to it that nothing stays in hand, or is asked for, while runs last too long for that."""
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
