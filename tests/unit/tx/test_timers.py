"""Rounds go on after a failure, and waits end after their limit."""

import time
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.task import Clock, LoopingCall

from awed.model.errors import Unavailable
from awed.tx.timers import LONGEST_GAP, LOOK, Patience, Pulse, Rounds, Waking, use_monotonic_time, use_waking_time
from tests.conftest import LoggedErrors


def test_timers_and_the_wait_for_them_follow_a_clock_that_nobody_sets() -> None:
    reactor: Any = EPollReactor()
    use_monotonic_time(reactor)
    due, moved, called = time.monotonic() + 50, reactor.callLater(50, int), list[str]()
    assert due <= moved.getTime() <= time.monotonic() + 50
    moved.reset(60)
    assert due + 10 <= moved.getTime() <= time.monotonic() + 60
    assert 50 < reactor.timeout() <= 60
    reactor.callLater(0, called.append, "at once")
    reactor.runUntilCurrent()
    assert called == ["at once"]
    rounds = LoopingCall(called.append, "a round")
    rounds.clock = reactor
    rounds.start(30, now=False)
    assert 29 < reactor.timeout() <= 30


def test_no_timer_is_left_to_the_old_clock() -> None:
    reactor: Any = EPollReactor()
    reactor.callLater(50, int)
    with pytest.raises(AssertionError):
        use_monotonic_time(reactor)


def test_while_the_process_is_stopped_its_time_stands_still() -> None:
    now = 1000.0
    waking = Waking(lambda: now)
    for gap, counted in ((0.25, 0.25), (40.0, LONGEST_GAP), (0.1, 0.1), (86400.0, LONGEST_GAP)):
        before, now = waking(), now + gap
        assert waking() - before == pytest.approx(counted)


def test_waking_time_is_looked_at_however_little_happens() -> None:
    reactor: Any = EPollReactor()
    use_waking_time(reactor)
    for _ in range(3):
        assert 0 < reactor.timeout() <= LOOK < LONGEST_GAP
        reactor.getDelayedCalls()[0].reset(0)
        reactor.runUntilCurrent()


def test_a_failing_round_is_logged_and_the_next_one_runs(logged_errors: LoggedErrors) -> None:
    clock, rounds = Clock(), list[float]()

    errors = iter([ValueError("no"), Unavailable("the database is away: that is no fault, and logged in a line")])

    async def work() -> None:
        rounds.append(clock.seconds())
        raise next(errors)

    Rounds(work, 5, clock).start()
    clock.pump([1] * 11)
    assert rounds == [5, 10]
    assert len(logged_errors.flush(ValueError)) == 1


def test_rounds_do_not_overlap_and_stopping_waits_for_the_last() -> None:
    clock, started = Clock(), list[Deferred[None]]()

    async def work() -> None:
        started.append(Deferred())
        await started[-1]

    rounds = Rounds(work, 1, clock)
    rounds.start()
    clock.pump([1] * 5)
    assert len(started) == 1
    stopped = Deferred.fromCoroutine(rounds.stop())
    assert not stopped.called
    started[0].callback(None)
    assert stopped.called
    clock.advance(5)
    assert len(started) == 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience(clock: Clock) -> Patience:
    return Patience(10.0, lambda: TimeoutError("too long"), clock)


def _gave_up(waiting: Deferred[None]) -> bool:
    given_up: list[object] = []
    waiting.addErrback(given_up.append)
    return bool(given_up)


def test_each_waits_its_own_time(clock: Clock, patience: Patience) -> None:
    first = patience.wait()
    clock.advance(6)
    second = patience.wait()
    clock.advance(4)
    assert (first.called, second.called) == (True, False)
    clock.advance(6)
    assert _gave_up(first)
    assert _gave_up(second)


def test_who_was_answered_is_not_told(clock: Clock, patience: Patience) -> None:
    waiting = patience.wait()
    waiting.callback(None)
    clock.advance(20)
    assert not _gave_up(waiting)


def test_there_is_one_timer_and_none_when_nobody_waits(clock: Clock, patience: Patience) -> None:
    for _ in range(3):
        patience.wait().callback(None)
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(10)
    assert clock.getDelayedCalls() == []


def test_at_the_end_nobody_gives_up(clock: Clock, patience: Patience) -> None:
    waiting = patience.wait()
    patience.stop()
    clock.advance(20)
    assert not waiting.called
    assert clock.getDelayedCalls() == []


class World:
    """A pulse whose beats last until a test ends them, or no time at all."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.beats: list[float] = []
        self.lasting: Deferred[None] | None = None
        self.pulse = Pulse(self.clock, self._beat, 10.0)
        self.pulse.start()

    async def _beat(self) -> None:
        self.beats.append(self.clock.seconds())
        if self.lasting:
            await self.lasting


@pytest.fixture
def world() -> World:
    return World()


def test_it_beats_until_it_is_stopped(world: World) -> None:
    world.clock.pump([1.0] * 35)
    world.pulse.stop()
    world.clock.pump([1.0] * 35)
    assert world.beats == [10, 20, 30]


def test_beats_do_not_overlap_and_are_counted_from_the_end_of_the_last(world: World) -> None:
    world.lasting = Deferred()
    world.clock.pump([1.0] * 25)
    assert world.beats == [10]
    lasting, world.lasting = world.lasting, None
    lasting.callback(None)
    world.clock.pump([1.0] * 10)
    assert world.beats == [10, 35]


def test_a_quicker_rhythm_counts_from_now_and_a_slower_one_not_at_all(world: World) -> None:
    world.clock.advance(1)
    world.pulse.quicken(2.0)
    world.pulse.quicken(5.0)
    world.clock.pump([1.0] * 6)
    assert world.beats == [3, 5, 7]


def test_quickened_during_a_beat_it_is_still_one_pulse(world: World) -> None:
    world.lasting = Deferred()
    world.clock.advance(10)
    world.pulse.quicken(2.0)
    lasting, world.lasting = world.lasting, None
    lasting.callback(None)
    world.clock.pump([1.0] * 6)
    assert world.beats == [10, 12, 14, 16]


def test_stopped_during_a_beat_it_is_the_last(world: World) -> None:
    world.lasting = Deferred()
    world.clock.advance(10)
    world.pulse.stop()
    world.lasting.callback(None)
    assert not world.clock.getDelayedCalls()


def test_a_beat_that_breaks_does_not_stop_it(world: World, logged_errors: LoggedErrors) -> None:
    world.lasting = Deferred()
    world.clock.advance(10)
    lasting, world.lasting = world.lasting, None
    lasting.errback(ZeroDivisionError())
    world.clock.advance(10)
    assert world.beats == [10, 20]
    assert logged_errors.flush(ZeroDivisionError)
