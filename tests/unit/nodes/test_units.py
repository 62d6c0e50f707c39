"""Indexes cover a file exactly, and no record is cut, however the file is read."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from awed.model.errors import Invalid
from awed.nodes import formats
from awed.nodes.units import Unit, between, packed, part_range, read_index, sized, write_index
from awed.tx.longwork import Steps

SEQUENCE = st.text("ACGTN", min_size=1, max_size=30)
NAME = st.text("ab@>+1 ", max_size=5)


@st.composite
def fasta(draw: st.DrawFn) -> str:
    lines = draw(st.lists(SEQUENCE, min_size=1, max_size=3))
    return "\n".join([f">{draw(NAME)}", *lines, ""])


@st.composite
def fastq(draw: st.DrawFn) -> str:
    sequence = draw(SEQUENCE)
    quality = draw(st.text("@+>I!", min_size=len(sequence), max_size=len(sequence)))
    return f"@{draw(NAME)}\n{sequence}\n+{draw(NAME)}\n{quality}\n"


SAM_HEADER = "@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:100\n"
SAM = SEQUENCE.map(lambda sequence: f"r\t0\tchr1\t1\t60\t10M\t*\t0\t0\t{sequence}\t*\n")


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def cut(find: Callable[[formats.Blocks], formats.Boundaries], data: bytes, size: int = 1 << 20) -> list[bytes]:
    units = chain.from_iterable(between(find(blocks(data, size)), len(data)))
    return [data[u.offset : u.offset + u.length] for u in units]


@given(st.lists(fasta(), min_size=1, max_size=8), st.integers(1, 50))
def test_fasta_records(made: list[str], size: int) -> None:
    data = "".join(made).encode()
    assert formats.records(data) is formats.fasta
    assert [unit.decode() for unit in cut(formats.fasta, data, size)] == made


@given(st.lists(fastq(), min_size=1, max_size=8), st.integers(1, 50))
@example(["@a\nA\n+\n@\n", "@b\nC\n+\n@\n"], 1)
def test_fastq_records_also_when_qualities_begin_like_records(made: list[str], size: int) -> None:
    data = "".join(made).encode()
    assert formats.records(data) is formats.fastq
    assert [unit.decode() for unit in cut(formats.fastq, data, size)] == made


@given(st.lists(SAM, min_size=1, max_size=8), st.booleans(), st.integers(1, 50))
def test_sam_alignments_the_first_with_the_header(made: list[str], header: bool, size: int) -> None:
    made = [SAM_HEADER * header + made[0], *made[1:]]
    data = "".join(made).encode()
    assert formats.records(data) is formats.sam
    assert [unit.decode() for unit in cut(formats.sam, data, size)] == made


@given(st.binary(max_size=200), st.integers(1, 50))
def test_lines_cover_any_file(data: bytes, size: int) -> None:
    units = cut(formats.lines, data, size)
    assert b"".join(units) == data
    assert all(unit.find(b"\n") in (-1, len(unit) - 1) for unit in units)


@given(st.text("ab\t\n", max_size=60), st.integers(1, 3), st.integers(1, 20))
def test_a_column_cuts_where_its_text_changes(text: str, number: int, size: int) -> None:
    data = text.encode()
    units = cut(lambda blocks: formats.column(number, blocks), data, size)
    assert b"".join(units) == data
    values = [{[*line.split(b"\t"), b"", b"", b""][number - 1] for line in unit.splitlines()} for unit in units]
    assert all(len(of_unit) == 1 for of_unit in values)
    assert all(one != other for one, other in pairwise(values))


@pytest.mark.parametrize(
    "head",
    [
        b">s\nACGT",
        b"\n>s\n",
        b"@r\n" + b"A" * 5000,
        b"@r\r\nACGT\r\n+\r\nIIII\r\n",
        b"@HD\tVN:1\n",
        b"r\t0\tc\t1\t60\t4M\t*\t0\t0\tACGT\tIIII",
    ],
)
def test_formats_that_are_known(head: bytes) -> None:
    formats.records(head)


@pytest.mark.parametrize("head", [b"", b"pear\napple\n", b"@r\nACGT\nno plus\n", b"\x1f\x8b\x08\x00", b"a\tb\tc\n"])
def test_what_is_no_sequence_file_is_refused_in_the_words_that_clients_know(head: bytes) -> None:
    with pytest.raises(Invalid, match=r"\AInvalid file type for filter\Z"):
        formats.records(head)


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 60))
def test_packed_units_are_whole_units_and_as_large_as_allowed(lengths: list[int], size: int) -> None:
    units = [Unit(sum(lengths[:number]), length) for number, length in enumerate(lengths)]
    ends = {unit.offset + unit.length for unit in units}
    result = list(chain.from_iterable(packed([[unit] for unit in units], size)))
    assert sum(unit.length for unit in result) == sum(lengths)
    position = 0
    for unit in result:
        assert unit.offset == position
        position += unit.length
        assert position in ends
        assert unit.length <= size or unit in units
    for unit, following in pairwise(result):
        first = next(u for u in units if u.offset == following.offset)
        assert unit.length + first.length > size


def outcome(steps: Steps[int]) -> int:
    """What all steps together come to."""
    found = list[int]()

    def take() -> Steps[None]:
        found.append((yield from steps))

    deque(take(), maxlen=0)
    return found[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.integers(0, 5), min_size=1, max_size=40), data=st.data())
def test_an_index_gives_back_the_bytes_of_any_range(tmp_path: Path, gaps: list[int], data: st.DataObject) -> None:
    units = [Unit(7 * number + gap, 2) for number, gap in enumerate(gaps)]
    with (tmp_path / "index").open("wb") as file:
        steps = write_index([units[:5], [], units[5:]], file)
        assert outcome(steps) == len(units)
    assert (tmp_path / "index").stat().st_size == 16 * len(units)
    first = data.draw(st.integers(1, len(units)))
    last = data.draw(st.integers(first, len(units)))
    read = read_index(tmp_path / "index", first, last)
    covered = [position for unit in read for position in range(unit.offset, unit.offset + unit.length)]
    assert covered == [p for u in units[first - 1 : last] for p in range(u.offset, u.offset + u.length)]


@pytest.mark.parametrize(("size", "units"), [(0, 0), (1, 1), (1 << 20, 1), ((1 << 20) + 1, 2)])
def test_units_of_size(size: int, units: int) -> None:
    assert sized(size) == units


@pytest.mark.parametrize(("text", "expected"), [("1", (1, 1)), ("2-9", (2, 9)), ("10-10", (10, 10))])
def test_a_part_is_a_number_or_a_range(text: str, expected: tuple[int, int]) -> None:
    assert part_range(text, 10) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0", "out of bounds"),
        ("11", "out of bounds"),
        ("5-11", "out of bounds"),
        ("4-3", "Invalid index record range"),
        ("", "Invalid index record range"),
        ("-3", "Invalid index record range"),
        ("3-", "Invalid index record range"),
        ("a", "Invalid index record range"),
        ("1-2-3", "Invalid index record range"),
    ],
)
def test_a_part_that_does_not_exist_is_refused(text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        part_range(text, 10)
