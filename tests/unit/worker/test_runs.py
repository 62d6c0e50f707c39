"""A worker keeps in hand as many workunits as can begin soon, and none that others could run sooner."""

from awed.worker.runs import LONG, MOST, Prefetch


def after(*seconds: float) -> int:
    prefetch = Prefetch()
    for each in seconds:
        prefetch.lasted(each)
    return prefetch.ahead


def test_before_anything_is_known_nothing_is_in_hand() -> None:
    assert after() == 0


def test_the_shorter_the_runs_the_more_is_in_hand() -> None:
    found = [after(*[seconds] * 30) for seconds in (3600, LONG, 0.4, 0.1, 0.02, 0.001, 0)]
    assert found == [0, 0, 1, 4, 24, MOST, MOST]


def test_a_short_one_is_enough_to_try_it_and_a_long_one_does_not_end_it_for_long() -> None:
    assert after(0.01) == 1
    assert after(*[0.01] * 30, 3600, *[0.01] * 3) == 2


def test_when_what_is_in_hand_got_stuck_runs_count_as_long() -> None:
    prefetch = Prefetch()
    for _ in range(30):
        prefetch.lasted(0.01)
    prefetch.stuck()
    assert prefetch.ahead == 0


def test_a_fixed_number_is_fixed() -> None:
    prefetch = Prefetch(3)
    prefetch.lasted(3600)
    assert prefetch.ahead == 3
