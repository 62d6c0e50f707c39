"""Who waits too long is told, and nobody else."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from awed.service.patience import Patience


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
