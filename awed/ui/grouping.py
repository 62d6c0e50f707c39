"""The nodes of a job's graph: its tasks or, if these are too many to draw, groups of similar tasks."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from awed.model.job import Task
from awed.model.states import TaskState

MOST = 300
"""The most nodes that are drawn."""

ROUNDS = 10
"""How often groups are split by the groups before and after them."""

_LOOKS = (TaskState.SUSPEND, TaskState.IN_PROGRESS, TaskState.QUEUED, TaskState.PENDING, TaskState.INIT)
"""States of tasks; that of a group is the first of them in which one of its tasks is."""


class Node(Struct):
    """A node of the graph: one task, or several similar ones."""

    tasks: list[Task]

    @property
    def counts(self) -> Counter[TaskState]:
        """The number of its tasks in each state."""
        return Counter(task.state for task in self.tasks)

    @property
    def state(self) -> TaskState:
        """The state of the node; completed if all its tasks are."""
        counts = self.counts
        return next((state for state in _LOOKS if counts[state]), TaskState.COMPLETED)


class Step(NamedTuple):
    """A task, as far as it decides on the shape: its id, the ids of the tasks *after* which it runs, its program."""

    id: str
    after: Sequence[str]
    program: str


class Shape(NamedTuple):
    """The shape of a graph.

    *members*: for each node, the indexes of its tasks. *parents*: for each node, the numbers of the nodes before it.
    *is_whole*: each task is a node of its own.
    """

    members: list[list[int]]
    parents: tuple[tuple[int, ...], ...]
    is_whole: bool


def shape(steps: Sequence[Step]) -> Shape | None:
    """The shape of the graph of *steps*; None if even the groups are more than MOST."""
    number = {step.id: index for index, step in enumerate(steps)}
    before = [sorted({number[name] for name in step.after}) for step in steps]
    if len(steps) <= MOST:
        return Shape([[index] for index in range(len(steps))], tuple(map(tuple, before)), is_whole=True)
    after: list[list[int]] = [[] for _ in steps]
    for index, found in enumerate(before):
        for parent in found:
            after[parent].append(index)
    same = _numbered(len(steps), lambda i: (steps[i].program, tuple(before[i]), tuple(after[i])))
    groups = same if len(set(same)) <= MOST else _alike(steps, before, after)
    return None if groups is None else _joined(before, groups)


def _alike(
    steps: Sequence[Step], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
) -> list[int] | None:
    """The group of each task; None if there are more than MOST.

    Tasks with one program at one depth are a group. Groups are split by the groups before and after them, until there
    would be too many.
    """
    depth = _depths(before)
    groups = _numbered(len(steps), lambda i: (depth[i], steps[i].program))
    if len(set(groups)) > MOST:
        return None
    for _ in range(ROUNDS):
        known = groups
        finer = _numbered(
            len(steps),
            lambda i: (known[i], *(tuple(sorted({known[j] for j in side[i]})) for side in (before, after))),  # noqa: B023
        )
        if not len(set(groups)) < len(set(finer)) <= MOST:
            break
        groups = finer
    return groups


def _depths(before: Sequence[Sequence[int]]) -> Mapping[int, int]:
    """The length of the longest path to each task, by index."""
    depth: dict[int, int] = {}
    left = list(reversed(range(len(before))))
    while left:
        index = left[-1]
        missing = [parent for parent in before[index] if parent not in depth]
        if missing:
            left += missing
        else:
            depth[left.pop()] = 1 + max((depth[parent] for parent in before[index]), default=-1)
    return depth


def _numbered(length: int, key: Callable[[int], Hashable]) -> list[int]:
    """For each index below *length*, the number of its key: 0 for the first key, 1 for the next different one, ..."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key(index), len(numbers)) for index in range(length)]


def _joined(before: Sequence[Sequence[int]], groups: Sequence[int]) -> Shape:
    members: list[list[int]] = [[] for _ in set(groups)]
    parents: list[set[int]] = [set() for _ in members]
    for index, group in enumerate(groups):
        members[group].append(index)
        parents[group] |= {groups[parent] for parent in before[index]}
    return Shape(members, tuple(tuple(sorted(found)) for found in parents), is_whole=False)
