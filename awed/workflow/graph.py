"""Which tasks wait for each other in a circle."""

from collections.abc import Mapping, Sequence


def cycles(dependencies: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Circles among tasks: *dependencies* names for each task those it waits for (others than its keys are ignored).

    A circle begins and ends with its first task in the order of *dependencies*, and each waits for the next. If tasks
    can never run, at least one circle that holds them up is among those returned; no task is in two of them.
    """
    stuck = _never_ready(dependencies)
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
    """The tasks in a circle, and all that wait for those."""
    waits_for = {task: {other for other in others if other in dependencies} for task, others in dependencies.items()}
    dependants: dict[str, list[str]] = {task: [] for task in dependencies}
    for task, others in waits_for.items():
        for other in others:
            dependants[other].append(task)
    ready = [task for task, others in waits_for.items() if not others]
    while ready:
        done = ready.pop()
        for task in dependants[done]:
            waits_for[task].discard(done)
            if not waits_for[task]:
                ready.append(task)
    return {task for task, others in waits_for.items() if others}
