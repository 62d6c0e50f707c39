"""The dependencies of tasks: ``dependsOn``, and the origins of their files."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from awed.model.job import IO, UPDATE
from awed.workflow.document import SentTask, entries
from awed.workflow.faults import FEW, Faults, Place, listed, quoted
from awed.workflow.names import short_name


def cycles(dependencies: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Circles among tasks. *dependencies* has for each task those that it waits for; names that are no key are
    ignored.

    Each task of a circle waits for the next; the first, which is also the last, is the one that stands first in
    *dependencies*. For all tasks that can never run, at least one circle that keeps them from it is returned. No task
    is in two circles.
    """
    stuck = _never_ready(dependencies)
    if not stuck:
        return []
    ordinal = {task: number for number, task in enumerate(dependencies)}
    ahead = {task: next(other for other in dependencies[task] if other in stuck) for task in stuck}
    found = []
    seen: set[str] = set()
    for start in sorted(stuck, key=ordinal.__getitem__):
        path = []
        task = start
        while task not in seen:
            seen.add(task)
            path.append(task)
            task = ahead[task]
        if task in path:
            circle = path[path.index(task) :]
            first = circle.index(min(circle, key=ordinal.__getitem__))
            found.append([*circle[first:], *circle[:first], circle[first]])
    return found


def _never_ready(dependencies: Mapping[str, Sequence[str]]) -> set[str]:
    """The tasks that are in a circle, or that wait for one that is, directly or not."""
    waiting: dict[str, int] = {}  # and for how many each of them waits
    dependants: dict[str, list[str]] = defaultdict(list)
    for task, others in dependencies.items():
        if known := {other for other in others if other in dependencies}:
            waiting[task] = len(known)
        for other in known:
            dependants[other].append(task)
    ready = [task for task in dependencies if task not in waiting]
    while ready:
        for task in dependants.pop(ready.pop(), ()):
            waiting[task] -= 1
            if not waiting[task]:
                del waiting[task]
                ready.append(task)
    return set(waiting)


class Dependencies:
    """Finds which tasks of a document wait for which, by their short ids, and notes references to missing ones."""

    def __init__(self, job_id: str, names: Sequence[str], tasks: Sequence[SentTask], faults: Faults) -> None:
        self._job_id = job_id
        self._names = names
        self._tasks = tasks
        self._faults = faults
        self._named = all(names)
        self._numbers = {name: number for number, name in enumerate(names)}
        self._outputs: dict[int, set[str]] = {}

    def resolve(self) -> list[list[str]]:
        """For each task the short ids of those that it waits for.

        Changes the origins of files to short ids, in place. Notes missing tasks, missing outputs and circles.
        """
        found = [self._of(number) for number in range(len(self._tasks))]
        waits_for: dict[str, list[str]] = {}
        for name, others in zip(self._names, found, strict=True):  # one call for all would hold the interpreter
            waits_for[name] = others
        for circle in cycles(waits_for):
            first = ("tasks", self._numbers[circle[0]], "dependsOn")
            self._faults.add(first, f"dependency cycle: {_drawn(circle)}")
        return found

    def _of(self, number: int) -> list[str]:
        task = self._tasks[number]
        waits_for: dict[str, None] = {}
        for sent in task.depends_on:
            name = short_name(self._job_id, sent)
            if self._known(name, ("tasks", number, "dependsOn")):
                waits_for[name] = None
        for place, io in _with_origin(task, number):
            io.origin = short_name(self._job_id, io.origin)
            if self._known(io.origin, (*place, "origin")):
                waits_for[io.origin] = None
                self._check_output(io, place)
        return list(waits_for)

    def _known(self, name: str, place: Place) -> bool:
        if name in self._numbers:
            return True
        if self._named:  # otherwise it may mean one of the tasks that have no id, which is noted already
            self._faults.at(place, f"no task {quoted(name)} (there are: {listed(self._names)})")
        return False

    def _check_output(self, io: IO, place: Place) -> None:
        source = self._numbers[io.origin]
        if source not in self._outputs:
            self._outputs[source] = {io.filename for _, io in entries(self._tasks[source].outputs)}
        outputs = self._outputs[source]
        if io.filename in outputs or self._faults.follows_from_misfit(("tasks", source, "outputs")):
            return
        self._faults.at(
            place, f"task {quoted(io.origin)} has no output {quoted(io.filename)} (it has: {listed(sorted(outputs))})"
        )


def _with_origin(task: SentTask, number: int) -> Iterator[tuple[Place, IO]]:
    for key, io in entries(task.inputs):
        if io.origin:
            yield ("tasks", number, "inputs", key), io
    for key, io in entries(task.outputs):
        if io.origin and io.type == UPDATE:
            yield ("tasks", number, "outputs", key), io


def _drawn(circle: Sequence[str]) -> str:
    """The circle as a text: ``0 -> 1 -> 0``; the middle of a long one is left out."""
    if len(circle) <= 2 * FEW:
        return " -> ".join(circle)
    return " -> ".join([*circle[:FEW], "...", *circle[-FEW:]])
