"""The workunits of a split task read every unit exactly once."""

from hypothesis import given
from hypothesis import strategies as st

from awed.model.work import Part
from awed.worker.parts import part_of, unit_range
from tests.unit.worker.builders import file, workunit


@given(totalwork=st.integers(1, 200), extra=st.integers(0, 2000))
def test_the_ranges_follow_each_other_and_cover_all_units(totalwork: int, extra: int) -> None:
    units = totalwork + extra
    covered: list[int] = []
    for rank in range(1, totalwork + 1):
        first, _, last = unit_range(rank, totalwork, units).partition("-")
        covered += range(int(first), int(last or first) + 1)
    assert covered == list(range(1, units + 1))


def test_one_unit_is_written_as_one_number() -> None:
    assert [unit_range(rank, 3, 5) for rank in (1, 2, 3)] == ["1-2", "3-4", "5"]


def test_only_the_split_input_is_read_in_parts() -> None:
    work = workunit(rank=2, totalwork=2, part=Part(input="a", index="chunkrecord", totalindex=4))
    assert part_of(work, file("a")) == ("chunkrecord", "3-4")
    assert part_of(work, file("b")) is None
    assert part_of(workunit(rank=2, totalwork=2), file("a")) is None
