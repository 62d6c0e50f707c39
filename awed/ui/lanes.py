"""Lanes of workers: what each ran when, as pictures."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from msgspec import Struct
from twisted.web.template import Tag, tags

from awed.model.client import Client
from awed.model.feed import WorkEvent
from awed.model.ids import parse_work_id
from awed.model.times import NO_TIME
from awed.service.runs import Run
from awed.ui.frame import Links
from awed.ui.glyphs import badge, svg
from awed.ui.words import labelled, short, span

ROWS = 3
"""How many runs at the same time have rows of their own in a lane; more of them share the rows."""

LOOKS: Mapping[WorkEvent, str] = {
    WorkEvent.CHECKOUT: "run",
    WorkEvent.DONE: "done",
    WorkEvent.FAILED: "failed",
    WorkEvent.QUEUED: "back",
    WorkEvent.SUSPEND: "back",
}

LEGEND = {"run": "runs now", "done": "done", "failed": "failed", "back": "taken back"}
"""The looks of runs, and what they mean."""


class Window(NamedTuple):
    """The hours that are shown."""

    begin: datetime
    end: datetime

    def at(self, time: datetime) -> float:
        """Where *time* is: 0 at the begin, 1 at the end, or beyond."""
        return min(max((time - self.begin) / (self.end - self.begin), 0.0), 1.0)

    def span(self, run: Run) -> tuple[float, float]:
        """Where *run* begins and ends."""
        return self.at(run.begun), 1.0 if run.ended == NO_TIME else self.at(run.ended)


class Lane(Struct):
    """The lane of a worker. *client*: None if it is gone; *runs*: in the order of their begin."""

    id: str
    client: Client | None
    runs: list[Run]

    @property
    def name(self) -> str:
        """The name of the worker, or the beginning of its id."""
        return (self.client and self.client.name) or short(self.id)

    @property
    def begun(self) -> datetime:
        """When the worker registered, or began its first run: it may have registered again since."""
        return min([run.begun for run in self.runs[:1]] + ([self.client.regtime] if self.client else []))


class Piece(Struct):
    """What is drawn: a run, or several short ones with the same *look*. *first*, *last*: from 0 to 1."""

    look: str
    first: float
    last: float
    runs: list[Run]


class Drawing(Struct):
    """Draws lanes. *finest*: pieces shorter than this are joined, from 0 to 1. *may_name*: whether the job of a
    run may be named."""

    window: Window
    finest: float
    links: Links
    may_name: Callable[[Run], Awaitable[bool]]

    async def row(self, lane: Lane) -> Tag:
        """The row of a table with a lane."""
        drawn: list[Tag] = []
        rows = in_rows(lane.runs, self.window)
        for number, runs in enumerate(rows):
            drawn += [await self._piece(piece, number, len(rows)) for piece in pieces(runs, self.window, self.finest)]
        looks = [LOOKS[run.state] for run in lane.runs]
        told = ", ".join(f"{looks.count(look):,} {text}" for look, text in LEGEND.items() if look in looks)
        began = self.window.at(lane.begun)
        there = svg("rect", class_="f-here", x=_percent(began), width=_percent(1 - began), y="47%", height="6%")
        label = f"{lane.name}: {told or 'nothing'}"
        picture = svg("svg", [there, *drawn], class_=f"lane r{len(rows)}", role="group", aria_label=label)
        here = badge(lane.client.status) if lane.client else tags.span("gone", class_="badge")
        return tags.tr(
            tags.td(here, " ", tags.b(lane.name), class_="c-lane"),
            labelled("Done", f"{looks.count('done'):,}"),
            labelled("Failed", f"{looks.count('failed'):,}"),
            labelled("Busy", f"{100 * busy(lane.runs, self.window) / max(1 - began, 0.001):.0f} %"),
            tags.td(picture, class_="axis"),
            id=f"f-{lane.id}",
            **{"data-lane": lane.id},
        )

    async def _piece(self, piece: Piece, row: int, rows: int) -> Tag:
        """A rectangle, which is a link if it is one run that may be named."""
        run, text, address = piece.runs[0], LEGEND[piece.look], ""
        if len(piece.runs) > 1:
            text = f"{len(piece.runs):,} runs, {text}"
        elif await self.may_name(run):
            work = parse_work_id(run.change.about)
            part = f" {work.rank}" if work.rank else ""
            address = self.links(f"job/{work.job_id}/task/{quote(work.task_name, safe='')}")
            text = f"{short(work.job_id)} {work.task_name}{part}: {text}"
        took = span((piece.last - piece.first) * (self.window.end - self.window.begin).total_seconds())
        high, gap = 100 / rows, 0.0 if piece.look == "failed" else 10 / rows
        rect = svg(
            "rect",
            svg("title", f"{text}, {took}"),
            class_=f"f-{piece.look}",
            x=_percent(piece.first),
            width=_percent(max(piece.last - piece.first, 0.002)),
            y=f"{row * high + gap:.1f}%",
            height=f"{high - 2 * gap:.1f}%",
        )
        return svg("a", rect, href=address, aria_label=text) if address else rect


def in_rows(runs: Sequence[Run], window: Window) -> list[list[Run]]:
    """*runs* in rows, at most ROWS: as long as there are fewer, none overlaps the one before it in its row."""
    rows: list[list[Run]] = []
    ends: list[float] = []
    for run in runs:
        first, last = window.span(run)
        free = next((number for number, end in enumerate(ends) if end <= first), None)
        if free is None and len(rows) < ROWS:
            rows.append([run])
            ends.append(last)
        else:
            chosen = ends.index(min(ends)) if free is None else free
            rows[chosen].append(run)
            ends[chosen] = max(ends[chosen], last)
    return rows


def pieces(row: Sequence[Run], window: Window, finest: float) -> list[Piece]:
    """The pieces of a *row*, those that failed last, which are drawn over the others.

    Runs that look alike and end within *finest* of each other are one piece.
    """
    found: list[Piece] = []
    latest: dict[str, Piece] = {}
    for run in row:
        (first, last), look = window.span(run), LOOKS[run.state]
        before = latest.get(look)
        if before and last - before.first < finest:
            before.last = max(before.last, last)
            before.runs.append(run)
        else:
            latest[look] = Piece(look, first, last, [run])
            found.append(latest[look])
    return sorted(found, key=lambda piece: piece.look == "failed")


def busy(runs: Sequence[Run], window: Window) -> float:
    """In which part of the *window* at least one of *runs* was running."""
    busy, until = 0.0, 0.0
    for first, last in sorted(map(window.span, runs)):
        busy += max(last - max(first, until), 0.0)
        until = max(until, last)
    return busy


def _percent(place: float) -> str:
    return f"{100 * place:.3f}%"
