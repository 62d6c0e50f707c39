"""Pauses between tries grow, and end when there were enough or no time is left."""

from itertools import islice

from twisted.internet.task import Clock

from awed.tx.pauses import Pauses


def test_pauses_grow_to_the_longest_and_go_on_or_end() -> None:
    assert list(islice(Pauses(1.0, 5.0), 5)) == [1, 2, 4, 5, 5]
    assert list(Pauses(1.0, 15.0, growth=4.0, most=3)) == [1, 4, 15]


def test_no_pause_ends_after_the_time_for_trying_which_begins_with_the_first() -> None:
    clock, pauses = Clock(), list[float]()
    within = Pauses(1.0, 8.0).within(15.0, clock.seconds)
    clock.advance(100)
    for pause in within:
        pauses.append(pause)
        clock.advance(pause + 1)  # the try takes a second
    assert pauses == [1, 2, 4]
