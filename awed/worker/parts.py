"""Which piece of a split input a workunit reads."""

from awed.model.job import IO
from awed.model.work import Workunit


def part_of(work: Workunit, io: IO) -> tuple[str, str] | None:
    """The index and the range of its units that *work* reads of *io*; None if it reads all of it."""
    if work.part is None or work.rank < 1 or io.filename != work.part.input:
        return None
    return work.part.index, unit_range(work.rank, work.totalwork, work.part.totalindex)


def unit_range(rank: int, totalwork: int, units: int) -> str:
    """The units of the *rank*-th of *totalwork* workunits, ``a-b`` or ``a``: 1-based, both ends included.

    The first ``units % totalwork`` workunits get one more than the others.
    """
    size, larger = divmod(units, totalwork)
    first = (rank - 1) * size + min(rank - 1, larger) + 1
    last = first + size - (rank > larger)
    return f"{first}-{last}" if last > first else f"{first}"
