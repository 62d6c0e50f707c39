"""Finds the tasks that must run again with others, because their outputs that those read are gone."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain

from awed.model.ids import task_name
from awed.model.job import IO, NO_NODE, Job, Task

IsThere = Callable[[IO], Awaitable[bool]]
"""Whether the node of a file still exists."""


async def makers_of_missing(job: Job, first: str, is_there: IsThere) -> list[str]:
    """The names of the tasks that must run again so that task *first* and all that depend on it can run again.

    These are the tasks whose outputs are read and are gone by *is_there*, as temporary ones may be. They come in the
    order of the document.
    """
    tasks = {task_name(task.taskid): task for task in job.tasks}
    again = _downstream(job, first)
    makers: set[str] = set()
    looked_at: set[str] = set()
    todo = [tasks[name] for name in again]
    while todo:
        for origin, output in _read(todo.pop(), tasks):
            known = origin in again or origin in makers or output.node in looked_at
            if not known and not output.is_elsewhere and (output.node == NO_NODE or not await is_there(output)):
                makers.add(origin)
                todo.append(tasks[origin])
            looked_at.add(output.node)
    return [name for name in tasks if name in makers]


def _downstream(job: Job, first: str) -> set[str]:
    """The names of the task *first* and of all tasks that depend on it."""
    after: dict[str, list[str]] = defaultdict(list)
    for task in job.tasks:
        for name in task.depends_on:
            after[task_name(name)].append(task_name(task.taskid))
    found, todo = {first}, [first]
    while todo:
        fresh = [name for name in after[todo.pop()] if name not in found]
        found.update(fresh)
        todo += fresh
    return found


def _read(task: Task, tasks: dict[str, Task]) -> Iterator[tuple[str, IO]]:
    """The outputs of other tasks that *task* reads or updates, each after the name of its task."""
    for io in chain(task.inputs, task.predata, task.outputs):
        if io.origin:
            yield from ((io.origin, output) for output in tasks[io.origin].outputs if output.filename == io.filename)
