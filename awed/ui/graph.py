"""The graph of a job as an SVG picture. Layouts are made in a thread, once for each shape of graph."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from twisted.web.template import Tag, tags

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import TaskState
from awed.model.times import NO_TIME
from awed.tx.threads import InThread
from awed.ui.glyphs import glyph, svg, word
from awed.ui.grouping import Node, Shape, Step, shape
from awed.ui.layout import Layout, Parents, layered
from awed.ui.view import JobView
from awed.ui.words import command, count, span

T = TypeVar("T")
U = TypeVar("U")

WIDE, HIGH = 172, 46
"""Pixels of a node."""

ACROSS, DOWN = WIDE + 56, HIGH + 20
"""Pixels from one layer, and from one row, to the next."""

EDGE = 14
"""Pixels of the margin around the picture."""

KEPT = 200
"""How many jobs, and how many shapes, have their layouts remembered."""

SHOWN = 20
"""How many characters of a name fit into a node."""


Drawn = tuple[Shape, Layout] | None
"""The shape and layout of a graph; None if it has too many nodes to draw."""


class Layouts:
    """Makes the layouts of graphs, and remembers the last ones by job, as its tasks never change, and by shape.

    After a job is removed another one may have its id.
    """

    def __init__(self, in_thread: InThread) -> None:
        self.in_thread = in_thread
        self._of_jobs: OrderedDict[tuple[str, datetime, int], Drawn] = OrderedDict()
        self._of_shapes: OrderedDict[Parents, Layout] = OrderedDict()

    async def of(self, job: Job) -> Drawn:
        """The shape and layout of a job's graph."""
        key = (job.id, job.info.submittime, len(job.tasks))
        if key not in self._of_jobs:
            drawn = await self.in_thread(self._drawn, job.tasks)
            _keep(self._of_jobs, key, drawn)
            if drawn:
                _keep(self._of_shapes, drawn[0].parents, drawn[1])
        self._of_jobs.move_to_end(key)
        return self._of_jobs[key]

    def _drawn(self, tasks: Sequence[Task]) -> Drawn:
        """The shape and layout of the graph of *tasks*. Runs in a thread."""
        found = shape([Step(task.taskid, tuple(task.depends_on), task.cmd.name) for task in tasks])
        return found and (found, self._of_shapes.get(found.parents) or layered(found.parents))


def _keep(known: OrderedDict[T, U], key: T, value: U) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > KEPT:
        known.popitem(last=False)


async def picture(view: JobView, layouts: Layouts) -> Tag:
    """The picture of a job's graph; a sentence in its place if there are too many nodes."""
    drawn = await layouts.of(view.job)
    if drawn is None:
        many = count(len(view.job.tasks), "task")
        return tags.p(f"{many} are joined in too many ways to be drawn: the table has them all.", class_="empty")
    return await layouts.in_thread(_picture, view, *drawn)  # the nodes are few, but of very many tasks


def _picture(view: JobView, found: Shape, layout: Layout) -> Tag:
    job = view.job
    members = [Node([job.tasks[index] for index in numbers]) for numbers in found.members]
    states = [node.state for node in members]
    edges = [_edge(layout, states[parent], parent, node) for parent, node in layout.paths]
    nodes = [_node(view, layout, number, node) for number, node in enumerate(members)]
    width = layout.layers * ACROSS - (ACROSS - WIDE) + 2 * EDGE
    height = round(layout.rows * DOWN - (DOWN - HIGH) + 2 * EDGE)
    told = "" if found.is_whole else f", in {count(len(members), 'group')} of like ones"
    return tags.div(
        svg(
            "svg",
            svg("g", edges, class_="edges"),
            svg("g", nodes),
            class_="graph",
            width=str(width),
            height=str(height),
            viewBox=f"0 0 {width} {height}",
            role="group",
            aria_label=f"{count(len(job.tasks), 'task')}{told}; the tab Tasks has them as a table",
        ),
        class_="scroll canvas",
        id="canvas",
        tabindex="0",
        **{"data-pan": ""},
    )


def _at(layer: float, row: float) -> tuple[float, float]:
    """The upper left corner, in pixels, of a place in the layout."""
    return EDGE + layer * ACROSS, EDGE + row * DOWN


def _edge(layout: Layout, state: TaskState, parent: int, node: int) -> Tag:
    x, y = _at(layout.layer[parent], layout.row[parent])
    x, y = x + WIDE, y + HIGH / 2
    line = [f"M{x:.0f} {y:.0f}"]
    bends = [(*_at(layer, row), WIDE) for layer, row in layout.paths[parent, node]]
    for left, top, passed in (*bends, (*_at(layout.layer[node], layout.row[node]), 0)):
        half, middle = (left - x) / 2, top + HIGH / 2
        line.append(f"C{x + half:.0f} {y:.0f} {left - half:.0f} {middle:.0f} {left:.0f} {middle:.0f}")
        x, y = left + passed, middle
        if passed:
            line.append(f"H{x:.0f}")
    look = "done" if state is TaskState.COMPLETED else "open"
    return svg("path", d="".join(line), class_=look)


def _node(view: JobView, layout: Layout, number: int, node: Node) -> Tag:
    x, y = _at(layout.layer[number], layout.row[number])
    first = node.tasks[0]
    name, state, many = task_name(first.taskid), node.state, len(node.tasks)
    look = "failed" if any(view.look(task) == "failed" for task in node.tasks) else state.value
    title = f"{name} and {many - 1:,} more" if many > 1 else name
    here = " here" if view.chosen in (task_name(task.taskid) for task in node.tasks) else ""
    shapes = [svg("rect", class_="box", width=str(WIDE), height=str(HIGH), rx="8")]
    if many > 1 or first.totalwork > 1:
        shapes.insert(0, svg("rect", class_="box under", x="4", y="4", width=str(WIDE), height=str(HIGH), rx="8"))
    shown = _cut(name if many == 1 else f"{many:,} \N{MULTIPLICATION SIGN} {first.cmd.name or name}")
    more = _cut(_second_line(node, view.clock), SHOWN + 4)
    texts = [
        svg("text", shown, x="34", y="19", class_="name"),
        svg("text", more, x="34", y="35", class_="more"),
    ]
    told = svg("title", f"{title}: {word(look)}\n{command(first)}")
    group = svg("g", *shapes, _shape(look), *texts, told, transform=f"translate({x:.0f} {y:.0f})")
    return svg(
        "a",
        group,
        href=view.task(name),
        class_=f"node s-{look}{here}",
        id=f"n-{number}",
        data_task=name,
        data_state=state.value,
        **({"data_tasks": str(many)} if many > 1 else {}),
    )


def _shape(look: str) -> Tag:
    return glyph(look)(x="10", y="15", width="16", height="16")


def _second_line(node: Node, clock: datetime) -> str:
    """The text below the name of a node: how many tasks are done, or the duration and program of a single task."""
    first = node.tasks[0]
    if len(node.tasks) > 1:
        return f"{node.counts[TaskState.COMPLETED]:,} of {len(node.tasks):,} done"
    took = ran(first.starteddate, first.completeddate, clock) if first.state is not TaskState.PENDING else ""
    if first.totalwork > 1:
        return f"{first.totalwork - first.remainwork:,}/{first.totalwork:,} parts {took}".strip()
    return " · ".join(filter(None, [took, first.cmd.name]))


def ran(start: datetime, end: datetime, clock: datetime) -> str:
    """The duration from *start* to *end*, or to *clock* if it has not ended; "" if it has not begun."""
    return "" if start == NO_TIME else span(((clock if end == NO_TIME else end) - start).total_seconds())


def _cut(text: str, most: int = SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
