"""How the time of a worker is written, and what is left of it."""

import pytest
from twisted.internet.task import Clock

from awed.worker.lifetime import LAST, MARGIN, Lifetime, parse_time
from awed.worker.runner import KILL_GRACE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("900", 900),
        ("0:30", 30),
        ("59:30", 3570),
        ("4:00:00", 14400),
        ("1-12:00:00", 129600),
        ("02-00:00:01", 172801),
    ],
)
def test_times_as_batch_systems_write_them(text: str, seconds: int) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "UNLIMITED", "INVALID", "-5", "1.5", "1-00", "1-00:00", "a:00", "1:2:3:4", " 5"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="expected seconds, or"):
        parse_time(text)


def test_what_is_left_is_without_the_time_to_leave_and_never_less_than_nothing() -> None:
    clock = Clock()
    lifetime = Lifetime(clock, walltime=100)
    assert lifetime.left() is None
    lifetime.start(drain=lambda: None, hand_back=lambda: None, busy=bool)
    assert lifetime.left() == 100 - MARGIN
    clock.advance(0.5)
    assert lifetime.left() == 100 - MARGIN - 1
    clock.advance(99)
    assert lifetime.left() == 0


def test_after_killing_there_is_time_to_report() -> None:
    assert KILL_GRACE < LAST < MARGIN
