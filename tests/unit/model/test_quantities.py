"""Durations and sizes: the same texts wherever one is read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.model.quantities import parse_duration, parse_moment, parse_size, show_size


@pytest.mark.parametrize(("text", "seconds"), [("0M", 0), ("30M", 1800), ("12H", 43200), ("7D", 604800)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "7", "D", "7d", "-1D", "1.5H", "7D\n", "٣D", "999999999D", "9999999D"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|thousand years"):
        parse_duration(text)


@given(st.from_regex(r"[0-9]{1,9}[MHD]", fullmatch=True))
def test_a_time_so_far_from_now_can_be_written(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError:
        return
    assert datetime(2999, 1, 1, tzinfo=UTC) + duration


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("17", 17), ("500K", 512_000), ("2G", 1 << 31), ("1T", 1 << 40)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "K", "1k", "1KB", "-1", "1.5G", "1 G", "1G\n", "9" * 19])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@given(st.integers(0, 10**18 - 1))
def test_what_is_shown_is_read_as_the_same(size: int) -> None:
    assert parse_size(show_size(size)) == size


NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", datetime(2026, 11, 30, 11, 30, tzinfo=UTC)),
        ("2d", datetime(2026, 11, 28, 12, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00:00+02:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOON) == moment


@pytest.mark.parametrize("text", ["", "now", "2", "2w", "2026-13-01", "2026-11-01T08:00:00", "999999d"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="must be like 30m, 12h, 2d"):
        parse_moment(text, NOON)
