"""Units of indexes: pieces of a file, stored as offset and length (16 bytes), and found by their numbers from 1.

While an index is made, its units come as one list for each block of the file that is read.
"""

import re
import struct
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise, starmap
from pathlib import Path
from sys import byteorder
from typing import BinaryIO, NamedTuple

from awed.model.errors import Invalid
from awed.tx.longwork import Steps

UNIT = 1024 * 1024
"""Bytes in a unit of the index ``size``, and the most that records are packed into for one of ``chunkrecord``."""

_ENTRY = struct.Struct("<QQ")
_BATCH = 16384
_PART = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?\Z")


class Unit(NamedTuple):
    """*length* bytes of a file, from *offset* on."""

    offset: int
    length: int


Units = Iterator[list[Unit]]


def between(boundaries: Iterable[list[int]], size: int) -> Units:
    """The units into which *boundaries*, in ascending order, divide a file of *size* bytes."""
    begin = 0
    for found in boundaries:
        ends = [begin, *found]
        yield [Unit(start, end - start) for start, end in pairwise(ends)]
        begin = ends[-1]
    if begin < size:
        yield [Unit(begin, size - begin)]


def packed(units: Iterable[list[Unit]], size: int = UNIT) -> Units:
    """Consecutive units joined into units of at most *size* bytes; one that is longer stays as it is."""
    begin = length = 0
    for found in units:
        full = []
        for unit in found:
            if length and length + unit.length > size:
                full.append(Unit(begin, length))
                begin, length = unit.offset, 0
            length += unit.length
        yield full
    if length:
        yield [Unit(begin, length)]


def batched(units: Iterable[Unit]) -> Units:
    """Units one by one, put into lists."""
    units = iter(units)
    while batch := list(islice(units, _BATCH)):
        yield batch


def sized(size: int, unit: int = UNIT) -> int:
    """How many units of *unit* bytes a file of *size* bytes has. The last may be shorter."""
    return -(-size // unit)


def part_range(text: str, total: int) -> tuple[int, int]:
    """The numbers of the first and the last unit of the part *text*, ``n`` or ``a-b``.

    Raises :class:`~awed.model.errors.Invalid`, worded as by Shock, if they are not between 1 and *total*.
    """
    match = _PART.match(text)
    if match is None:
        raise Invalid(f"Invalid index record range: {text}")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise Invalid(f"Invalid index record range: {text}")
    if first < 1 or last > total:
        raise Invalid(f"Index record out of bounds: {text}, there are {total}")
    return first, last


def write_index(units: Iterable[list[Unit]], file: BinaryIO) -> Steps[int]:
    """Write an index to *file*. Returns the number of units."""
    total = 0
    for found in units:
        entries = array("Q", [number for unit in found for number in unit])
        if byteorder == "big":
            entries.byteswap()
        file.write(entries)
        total += len(found)
        yield
    return total


def read_index(path: Path, first: int, last: int) -> Iterator[Unit]:
    """The units *first* to *last*. Units that are adjacent in the file are joined."""
    joined = Unit(0, 0)
    with path.open("rb") as file:
        file.seek((first - 1) * _ENTRY.size)
        left = (last - first + 1) * _ENTRY.size
        while left and (data := file.read(min(left, _BATCH))):
            left -= len(data)
            for offset, length in _ENTRY.iter_unpack(data):
                if offset == joined.offset + joined.length:
                    joined = Unit(joined.offset, joined.length + length)
                else:
                    if joined.length:
                        yield joined
                    joined = Unit(offset, length)
    if joined.length:
        yield joined


def read_units(path: Path, numbers: Iterable[int]) -> Iterator[Unit]:
    """The units with these *numbers*, one by one."""
    with path.open("rb") as file:
        for number in numbers:
            file.seek((number - 1) * _ENTRY.size)
            yield Unit(*_ENTRY.unpack(file.read(_ENTRY.size)))


def put_together(units: Iterable[Unit], file: BinaryIO) -> Iterator[Unit]:
    """Yield *units*, and write to *file* an index of the file that they form when strung together."""
    offset = 0
    for unit in units:
        file.write(_ENTRY.pack(offset, unit.length))
        offset += unit.length
        yield unit


def number_of_units(file: BinaryIO) -> int:
    """How many units were written to an index."""
    return file.tell() // _ENTRY.size


def read_entries(blocks: Iterable[bytes], size: int) -> Units:
    """The units of an uploaded index for a file of *size* bytes.

    Raises :class:`~awed.model.errors.Invalid` if it is incomplete, or reaches beyond the file.
    """
    rest = b""
    for block in blocks:
        data = rest + block
        whole = len(data) // _ENTRY.size * _ENTRY.size
        units = list(starmap(Unit, _ENTRY.iter_unpack(data[:whole])))
        if any(offset + length > size for offset, length in units):
            raise Invalid(f"the index reaches beyond the file, which has {size} bytes")
        yield units
        rest = data[whole:]
    if rest:
        raise Invalid(f"an index has {_ENTRY.size} bytes for each unit")


def ascending(lines: Iterable[bytes], total: int) -> Iterator[int]:
    """The numbers in *lines*.

    Raises :class:`~awed.model.errors.Invalid` if they are not between 1 and *total*, or do not ascend.
    """
    last = 0
    for line in lines:
        try:
            number = int(line)
        except ValueError:
            raise Invalid(f"a list of records has a number in each line, found: {line[:80]!r}") from None
        if number > total:
            raise Invalid(f"Index record out of bounds: {number}, there are {total}")
        if number <= last:
            raise Invalid(f"a list of records ascends from 1 up, found {number} after {last}")
        last = number
        yield number
