"""Which tasks must run again besides those that are to, because what they made for them is gone."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain

from awed.model.ids import task_name
from awed.model.job import IO, NO_NODE, Job, Task

IsThere = Callable[[IO], Awaitable[bool]]
"""Whether a file of a job is where it was."""


async def makers_of_missing(job: Job, first: str, is_there: IsThere) -> list[str]:
    """The names of the tasks, in the order of the document, without which the one named *first* and all that depend
    on it cannot run again: they made a file, temporary perhaps, that is read and *is_there* no more."""
    tasks = {task_name(task.taskid): task for task in job.tasks}
    again = _downstream(job, first)
    makers: set[str] = set()
    looked_at: set[str] = set()
    todo = [tasks[name] for name in again]
    while todo:
        for origin, output in _read(todo.pop(), tasks):
            known = origin in again or origin in makers or output.node in looked_at
            if not known and (output.node == NO_NODE or not await is_there(output)):
                makers.add(origin)
                todo.append(tasks[origin])
            looked_at.add(output.node)
    return [name for name in tasks if name in makers]


def _downstream(job: Job, first: str) -> set[str]:
    """The task, and all that depend on it."""
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
    """The outputs of others that a task reads or updates, with the names of those."""
    for io in chain(task.inputs, task.predata, task.outputs):
        if io.origin:
            yield from ((io.origin, output) for output in tasks[io.origin].outputs if output.filename == io.filename)
