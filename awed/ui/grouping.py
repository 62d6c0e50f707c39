"""The nodes of a job's graph: its tasks or, where those are too many to look at, groups of tasks that are alike."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from awed.model.job import Task
from awed.model.states import TaskState

MOST = 300
"""Nodes that are drawn."""

ROUNDS = 10
"""Times that groups are split by what stands before and after them."""

_LOOKS = (TaskState.SUSPEND, TaskState.IN_PROGRESS, TaskState.QUEUED, TaskState.PENDING, TaskState.INIT)
"""The state of a group is the first of these that one of its tasks is in."""


class Node(Struct):
    """Tasks that are alike, of which there is at least one."""

    tasks: list[Task]

    @property
    def counts(self) -> Counter[TaskState]:
        """How many of them are in each state."""
        return Counter(task.state for task in self.tasks)

    @property
    def state(self) -> TaskState:
        """The state that they have together: completed if all are."""
        counts = self.counts
        return next((state for state in _LOOKS if counts[state]), TaskState.COMPLETED)


class Step(NamedTuple):
    """What the shape of a graph is made of: a task's id, those before it, and the program that it runs."""

    id: str
    after: Sequence[str]
    program: str


class Shape(NamedTuple):
    """The *members* of each node, by their numbers, and the numbers of the nodes before it. *is_whole*: each task is
    a node of its own."""

    members: list[list[int]]
    parents: tuple[tuple[int, ...], ...]
    is_whole: bool


def shape(steps: Sequence[Step]) -> Shape | None:
    """The shape of a job's graph; None if even the groups of its tasks are too many."""
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
    """The group of each task: those of one command at one depth, split by the groups before and after them as long as
    there are not too many."""
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
    """The length of the longest path to each task."""
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
    """The number of each key, in the order in which they come."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key(index), len(numbers)) for index in range(length)]


def _joined(before: Sequence[Sequence[int]], groups: Sequence[int]) -> Shape:
    members: list[list[int]] = [[] for _ in set(groups)]
    parents: list[set[int]] = [set() for _ in members]
    for index, group in enumerate(groups):
        members[group].append(index)
        parents[group] |= {groups[parent] for parent in before[index]}
    return Shape(members, tuple(tuple(sorted(found)) for found in parents), is_whole=False)
