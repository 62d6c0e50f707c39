"""A RankSet is a set of numbers, whatever the order in which they come and go."""

from hypothesis import given
from hypothesis import strategies as st

from awed.scheduler.ranks import RankSet

ranks = st.integers(0, 30)


@given(st.lists(st.tuples(st.booleans(), ranks)), ranks, ranks)
def test_it_agrees_with_a_plain_set(steps: list[tuple[bool, int]], first: int, last: int) -> None:
    ours, plain = RankSet(), set[int]()
    for adds, rank in steps:
        if adds:
            ours.add(rank)
            plain.add(rank)
        else:
            ours.discard(rank)
            plain.discard(rank)
    assert [rank in ours for rank in range(32)] == [rank in plain for rank in range(32)]
    assert len(ours) == len(plain)
    assert not plain or ours.first == min(plain)
    gaps = list(ours.gaps(first, last))
    assert all(gaps)
    assert [rank for gap in gaps for rank in gap] == [rank for rank in range(first, last + 1) if rank not in plain]
    assert str(RankSet(str(ours))) == str(ours)
    others = RankSet.of(gaps)
    assert len(others) == sum(map(len, gaps))
    assert [rank in others for rank in range(32)] == [any(rank in gap for gap in gaps) for rank in range(32)]


def test_neighbours_become_one_range() -> None:
    done = RankSet()
    for rank in (1, 3, 2, 10, 5):
        done.add(rank)
    assert str(done) == "1-3,5,10"
