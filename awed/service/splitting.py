"""Splits a task into several workunits by the records of one of its inputs."""

from collections.abc import Sequence

from msgspec import UNSET, Struct

from awed.model.errors import Invalid
from awed.model.job import IO, NO_NODE, PartInfo, Task
from awed.model.work import Part
from awed.shock.interface import IShock
from awed.workflow.values import MOST_WORK

DEFAULT_INDEX = "chunkrecord"
"""The index by which an input is split unless ``partinfo`` names another."""

MB = 1024 * 1024
"""Bytes of the MB in documents."""


class Split(Struct):
    """How a task is split.

    *totalwork*: into how many workunits. *part*: by which input and index, None if each workunit reads the whole
    input. *note*: why it is not split as asked for, else "".
    """

    totalwork: int
    part: Part | None = None
    note: str = ""


def split_input(task: Task, inputs: Sequence[IO]) -> IO | None:
    """The input by which *task* is split: the one that ``partinfo`` names, else the only one.

    None if the task is not split, or its workunits do not divide an input. Raises :class:`~awed.model.errors.Invalid`
    if ``partinfo`` names an input that is in no data store.
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


async def split(task: Task, source: IO, shock: IShock) -> Split:
    """Split *task* by the records of the input *source*, whose size is known.

    Waits for the index. Into one workunit if the file has fewer than two units, or no index can be made. Raises
    :class:`~awed.model.errors.Unavailable` if the host does not answer.
    """
    info = PartInfo() if task.partinfo is UNSET else task.partinfo
    index = info.index or DEFAULT_INDEX
    if source.size == 0:
        return Split(1, note=f"not split: {source.filename} is empty")
    try:
        units = (await shock.index(source.node, index)).total_units
    except Invalid as error:
        return Split(1, note=f"not split: {source.filename} has no index {index}: {'; '.join(error.texts)}")
    size_mb = info.maxpartsize_mb or task.maxworksize
    wanted = -(-source.size // (size_mb * MB)) if size_mb > 0 else task.totalwork
    totalwork = min(wanted, units, MOST_WORK)  # a data host may say anything about sizes and units
    if totalwork < 2:
        return Split(1, note=f"not split: {source.filename} has {units} unit(s) of index {index}")
    return Split(totalwork, Part(source.filename, index, units, size_mb))
