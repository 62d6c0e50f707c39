"""The timeline of a job: a lane for each task or workunit, with the times of waiting, files and running."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from twisted.web.template import Tag, tags

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import TaskState
from awed.model.times import NO_TIME
from awed.model.work import PerfRecord
from awed.ui.glyphs import badge, svg
from awed.ui.view import JobView
from awed.ui.words import labelled, span

MOST = 300
"""The most lanes that are shown."""

MOST_PARTS = 50
"""The most workunits of a task that have lanes of their own; a task with more of them has one lane."""

TICKS = 5
"""How many parts the axis is divided into."""


class Piece(NamedTuple):
    """A span of time. *look*: ``wait``, ``files`` or ``run``."""

    look: str
    begin: datetime
    end: datetime


class Lane(NamedTuple):
    """The lane of a task, or of a workunit of it."""

    task: Task
    name: str
    pieces: list[Piece]


Perfs = Mapping[str, Sequence[PerfRecord]]
"""The performance records of finished workunits, by the id of the task."""


def by_task(records: Sequence[PerfRecord]) -> Perfs:
    """*records* by the id of the task."""
    found: dict[str, list[PerfRecord]] = defaultdict(list)
    for record in records:
        found[record.taskid].append(record)
    return found


def timeline(view: JobView, perfs: Perfs) -> Tag:
    """The timeline, a table whose last column has the picture."""
    job = view.job
    begun = sorted((task for task in job.tasks if task.createddate != NO_TIME), key=lambda task: task.createddate)
    left_out = sum(_lanes_of(perfs.get(task.taskid, ())) for task in begun) - MOST
    all_lanes = (lane for task in begun for lane in _lanes(view, task, perfs.get(task.taskid, ())))
    lanes = list(islice(all_lanes, MOST))
    first = job.info.submittime
    last = max([view.clock, *(piece.end for lane in lanes for piece in lane.pieces)])
    whole = max((last - first).total_seconds(), 0.001)
    critical = critical_path(job)
    rows = (_row(view, lane, first, whole, lane.task.taskid in critical) for lane in lanes)
    names = [tags.th(name, scope="col") for name in ("Task", *PIECES.values())]
    head = tags.thead(tags.tr(*names, tags.th(_ticks(whole), class_="axis")))
    more = tags.p(f"and {left_out:,} more lanes", class_="empty") if left_out > 0 else ""
    none = tags.p("Nothing has begun yet.", class_="empty")
    body = tags.tbody(view.turns.paced(rows))
    legend = (tags.span(tags.i(class_=f"key k-{look}"), text) for look, text in LEGEND)
    return tags.div(
        tags.p(*legend, class_="legend"),
        tags.div(tags.table(head, body, class_="lanes") if lanes else none, more, class_="scroll"),
        id="timeline",
    )


PIECES = {"wait": "Waited", "files": "Files", "run": "Ran"}
"""The looks of pieces, and the columns for how long they took."""

LEGEND = (("wait", "waiting"), ("files", "files"), ("run", "running"), ("critical", "on the critical path"))


_MEANT = dict(LEGEND)


def critical_path(job: Job) -> set[str]:
    """The ids of the tasks that determined the end of the job: the last one to end, of those on which it depends the
    last one to end, and so on."""
    tasks = {task.taskid: task for task in job.tasks}
    begun = [task for task in job.tasks if task.createddate != NO_TIME]
    found: set[str] = set()
    here = max(begun, key=_end, default=None)
    while here is not None:
        found.add(here.taskid)
        here = max((tasks[name] for name in here.depends_on), key=_end, default=None)
    return found


def _end(task: Task) -> datetime:
    return datetime.max.replace(tzinfo=UTC) if task.completeddate == NO_TIME else task.completeddate


def _lanes_of(records: Sequence[PerfRecord]) -> int:
    """How many lanes a task with these *records* has."""
    return len(records) if 0 < len(records) <= MOST_PARTS else 1


def _lanes(view: JobView, task: Task, records: Sequence[PerfRecord]) -> list[Lane]:
    name = task_name(task.taskid)
    if records and _lanes_of(records) == len(records):
        return [Lane(task, f"{name} {one.rank}" if one.rank else name, _measured(task, one.perf)) for one in records]
    end = task.completeddate if task.completeddate != NO_TIME else view.clock
    began = task.starteddate if task.starteddate != NO_TIME and task.state is not TaskState.QUEUED else end
    if task.totalwork == 1 and task.completeddate != NO_TIME:
        began = max(began, end - timedelta(seconds=task.computetime))
    return [Lane(task, name, [Piece("wait", task.createddate, began), Piece("run", began, end)])]


def _measured(task: Task, perf: Any) -> list[Piece]:
    """The pieces of a finished workunit, by its performance record *perf*."""
    said = perf if isinstance(perf, dict) else {}

    def number(name: str) -> float:
        value = said.get(name)
        return float(value) if isinstance(value, int | float) and 0 <= value < 1e10 else 0.0

    begin = task.createddate
    taken = datetime.fromtimestamp(number("checkout"), UTC) if number("checkout") else task.starteddate
    taken = max(begin, taken)
    got = taken + timedelta(seconds=number("time_predata_in") + number("time_data_in"))
    ran = got + timedelta(seconds=number("runtime"))
    done = ran + timedelta(seconds=number("time_data_out"))
    return [
        Piece("wait", begin, taken),
        Piece("files", taken, got),
        Piece("run", got, ran),
        Piece("files", ran, done),
    ]


def _row(view: JobView, lane: Lane, first: datetime, whole: float, is_critical: bool) -> Tag:
    def took(look: str) -> str:
        seconds = sum((piece.end - piece.begin).total_seconds() for piece in lane.pieces if piece.look == look)
        return span(seconds) if seconds >= 0.05 else ""

    drawn = [
        svg(
            "rect",
            svg("title", f"{lane.name}: {_MEANT[piece.look]} {span((piece.end - piece.begin).total_seconds())}"),
            class_=f"k-{piece.look}",
            x=f"{100 * (piece.begin - first).total_seconds() / whole:.3f}%",
            width=f"{max(100 * (piece.end - piece.begin).total_seconds() / whole, 0.15):.3f}%",
            y="35%" if piece.look == "wait" else "10%",
            height="30%" if piece.look == "wait" else "80%",
            rx="2",
        )
        for piece in lane.pieces
        if piece.end > piece.begin
    ]
    picture = svg("svg", drawn, class_=f"lane s-{view.look(lane.task)}", aria_hidden="true")
    return tags.tr(
        tags.td(badge(view.look(lane.task)), " ", tags.a(lane.name, href=view.task(lane.task)), class_="c-lane"),
        *(labelled(name, took(look)) for look, name in PIECES.items()),
        tags.td(picture, class_="axis"),
        class_="critical" if is_critical else "",
        **{"data-lane": lane.name},
    )


def _ticks(whole: float) -> Tag:
    texts = [
        svg("text", span(whole * n / TICKS) if n else "0", x=f"{100 * n / TICKS:.0f}%", y="12", class_=f"tick t{n}")
        for n in range(TICKS + 1)
    ]
    return svg("svg", texts, class_="ticks", role="img", aria_label=f"from the submission to {span(whole)} later")
