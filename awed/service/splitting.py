"""How a task is split over several workunits by the records of one of its inputs."""

from collections.abc import Sequence

from msgspec import UNSET, Struct

from awed.model.errors import Invalid
from awed.model.job import IO, NO_NODE, PartInfo, Task
from awed.model.work import Part
from awed.shock.interface import IShock
from awed.workflow.values import MOST_WORK

DEFAULT_INDEX = "chunkrecord"

MB = 1024 * 1024


class Split(Struct):
    """Into how many workunits, by which part of the input (None: each sees all of it), and why it is not more."""

    totalwork: int
    part: Part | None = None
    note: str = ""


def split_input(task: Task, inputs: Sequence[IO]) -> IO | None:
    """The input that is to be split: the one that ``partinfo`` names, or else the only one. None: the task is an
    array, or is not to be split at all.

    Raises :class:`~awed.model.errors.Invalid` if ``partinfo`` names one that cannot be split.
    """
    info = PartInfo() if task.partinfo is UNSET else task.partinfo
    if task.totalwork == 1 and not task.maxworksize and not info.maxpartsize_mb:
        return None
    for io in inputs:
        if io.filename == info.input and io.node == NO_NODE:
            raise Invalid(f"partinfo.input {info.input} cannot be split: it is not in a data store")
        if io.filename == info.input:
            return io
    return inputs[0] if len(inputs) == 1 and inputs[0].node != NO_NODE else None


async def split(task: Task, source: IO, shock: IShock, token: str, owner: str) -> Split:
    """Split *task* by the records of *source*, whose size is known; into one workunit if that file has none.

    Waits for the index. Raises what :class:`~awed.shock.interface.IShock` raises of a host that is away.
    """
    info = PartInfo() if task.partinfo is UNSET else task.partinfo
    index = info.index or DEFAULT_INDEX
    if source.size == 0:
        return Split(1, note=f"not split: {source.filename} is empty")
    try:
        units = (await shock.index(source.node, index, token, owner)).total_units
    except Invalid as error:
        return Split(1, note=f"not split: {source.filename} has no index {index}: {'; '.join(error.texts)}")
    size_mb = info.maxpartsize_mb or task.maxworksize
    wanted = -(-source.size // (size_mb * MB)) if size_mb > 0 else task.totalwork
    totalwork = min(wanted, units, MOST_WORK)  # whatever a data host says of sizes and units
    if totalwork < 2:
        return Split(1, note=f"not split: {source.filename} has {units} unit(s) of index {index}")
    return Split(totalwork, Part(source.filename, index, units, size_mb))
