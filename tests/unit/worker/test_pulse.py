"""Heartbeats come in their rhythm, whatever happens during one."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from awed.worker.pulse import Pulse
from tests.conftest import LoggedErrors


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
