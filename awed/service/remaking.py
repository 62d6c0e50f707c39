"""Finds the tasks that must run again with others, because their outputs that those read are gone."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain

from awed.model.job import IO, NO_NODE, Task
from awed.scheduler.entries import JobEntry
from awed.tx.turns import Turns

IsThere = Callable[[IO], Awaitable[bool]]
"""Whether the node of a file still exists."""


async def makers_of_missing(entry: JobEntry, again: Sequence[int], is_there: IsThere, turns: Turns) -> list[int]:
    """The indexes of the tasks that must run again so that the tasks *again* can.

    These are the tasks whose outputs are read and are gone by *is_there*, as temporary ones may be. If the job ends
    meanwhile, which takes its tasks out of *entry*, only some are found.
    """
    known = set(again)
    makers: list[int] = []
    looked_at: set[str] = set()
    todo = list(again)

    def taken() -> Iterator[Task]:
        while todo and entry.tasks:
            yield entry.tasks[todo.pop()].task

    async for task in turns(taken()):
        for maker, output in _read(task, entry):
            is_settled = maker in known or output.node in looked_at or output.is_elsewhere
            if not is_settled and (output.node == NO_NODE or not await is_there(output)):
                known.add(maker)
                makers.append(maker)
                todo.append(maker)
            looked_at.add(output.node)
    return sorted(makers)


def _read(task: Task, entry: JobEntry) -> Iterator[tuple[int, IO]]:
    """The outputs of other tasks that *task* reads or updates, each after the index of its task."""
    for io in chain(task.inputs, task.predata, task.outputs):
        maker = entry.by_name.get(io.origin)
        if maker is not None:
            yield from ((maker.index, output) for output in maker.task.outputs if output.filename == io.filename)
