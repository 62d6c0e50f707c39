"""A line is a sorted list of items, of which it finds the ones that need little enough."""

from hypothesis import given
from hypothesis import strategies as st

from awed.scheduler import line as lines
from awed.scheduler.line import Line

Two = tuple[int, int]

keys = st.integers(0, 200)
needs = st.tuples(st.integers(0, 9), st.integers(0, 9))


@given(st.lists(st.tuples(keys, needs, st.none() | keys)), needs, keys)
def test_it_agrees_with_a_sorted_list(steps: list[tuple[int, Two, int | None]], most: Two, after: int) -> None:
    """Whoever is there already goes, be it to another place; whatever is asked on the way changes nothing."""
    ours, plain = Line[int](), dict[int, Two]()
    block, lines.BLOCK = lines.BLOCK, 4
    try:
        for key, need, to in steps:
            if key not in plain:
                ours.add(key, need, id(need))
                plain[key] = need
            elif to is None or to in plain:
                ours.remove(key)
                del plain[key]
            else:
                ours.move(key, to)
                plain[to] = plain.pop(key)
            assert list(ours) == [id(plain[key]) for key in sorted(plain)]
            fitting = [key for key in sorted(plain) if plain[key][0] <= most[0] and plain[key][1] <= most[1]]
            assert list(ours.fitting(most)) == [id(plain[key]) for key in fitting]
            assert list(ours.fitting(most, after)) == [id(plain[key]) for key in fitting if key > after]
            assert bool(ours) == bool(plain)
            assert not plain or ours.head == min(plain)
    finally:
        lines.BLOCK = block


def test_what_does_not_fit_is_passed_over_in_blocks() -> None:
    """Of a hundred thousand that are too large none is looked at."""

    class Need(float):
        looks = 0

        def __le__(self, other: float) -> bool:
            Need.looks += 1
            return super().__le__(other)

    line = Line[int]()
    for key in range(100_000):
        line.add(key, (Need(9),), key)
    line.add(100_000, (Need(1),), 100_000)
    Need.looks = 0
    assert next(line.fitting((5,))) == 100_000
    assert Need.looks < 2 * 100_000 / lines.BLOCK + lines.BLOCK + 2
