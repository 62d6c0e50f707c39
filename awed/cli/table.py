"""Tables that fit the screen, and cells that are for people on a terminal and for programs in a pipe."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, OverflowMethod, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from awed.cli.words import clean, moment, span
from awed.model.times import NO_TIME, rfc3339

_WIDE = 400
"""Columns of a table that goes to a file or a pipe: enough to fold nothing."""


_GAP = 2
"""Blanks between two columns."""

_LEAST = 12
"""Columns of the screen that a text which is wrapped or cut gets at least, unless it needs less."""


_BAR = 12

_THEME = Theme(
    {
        "bar.back": "dim",
        "bar.complete": "cyan",
        "bar.finished": "green",
        "bar.pulse": "cyan",
        "progress.elapsed": "none",
        "progress.download": "none",
        "progress.data.speed": "none",
    }
)
"""Colours that can be read on dark and on light terminals: those that the user's terminal gives to these names."""


def screen(*, stderr: bool = False) -> Console:
    """The console to print on. Texts are printed as they are, not as markup; on a terminal words are not broken."""
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False, theme=_THEME)
    if not console.is_terminal:
        console.width, console.soft_wrap = _WIDE, True
    return console


class Told:
    """A cell: a text for people on a terminal, and another one for programs."""

    def __init__(self, people: str, programs: str) -> None:
        self._people = people
        self._programs = programs

    def __bool__(self) -> bool:
        return bool(self._programs)

    def on(self, console: Console) -> Text:
        """The text for this console."""
        return Text(self._people if console.is_terminal else self._programs)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.on(console)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.on(console))


def lasting(seconds: float | None) -> Told:
    """A duration; nothing for None. Programs get seconds: ``185s``."""
    return (
        Told("", "") if seconds is None else Told(span(seconds), f"{max(seconds, 0):.{2 if seconds < 10 else 0}f}s")
    )


def at(when: datetime) -> Told:
    """A time: in the local time zone, for programs RFC 3339 in UTC; nothing for NO_TIME."""
    return Told(moment(when), "" if when == NO_TIME else rfc3339(when.astimezone(UTC).replace(microsecond=0)))


def bar(done: float, total: float) -> Text:
    """A bar of _BAR columns, which is full if all of *total* is *done*."""
    full = round(_BAR * min(1.0, done / total)) if total else 0
    return Text.assemble(
        ("\N{BOX DRAWINGS HEAVY HORIZONTAL}" * full, "cyan"), "\N{BOX DRAWINGS LIGHT HORIZONTAL}" * (_BAR - full)
    )


Cell = str | Text | Told


class Rows:
    """A table under these *columns*.

    Where the screen is narrow, those of *folded* are wrapped, those of *cut* end in an ellipsis, and those of *spare*
    are left out, one after another. No heading is ever broken.
    """

    def __init__(
        self, *columns: str, folded: Collection[str] = (), cut: Collection[str] = (), spare: Collection[str] = ()
    ) -> None:
        self._columns = columns
        self._folded = folded
        self._cut = cut
        self._spare = spare
        self._rows: list[tuple[Cell, ...]] = []
        self._styles: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, *cells: Cell, style: str = "") -> None:
        """Add a row. Characters in texts that would control a terminal are left out."""
        self._rows.append(tuple(clean(cell) if isinstance(cell, str) else cell for cell in cells))
        self._styles.append(style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        texts = [
            [cell.on(console) if isinstance(cell, Told) else Text.assemble(cell) for cell in row]
            for row in self._rows
        ]
        natural = [
            max(map(cell_len, [heading, *(row[place].plain for row in texts)]))
            for place, heading in enumerate(self._columns)
        ]
        shown, widths = self._fitted(natural, options.max_width)
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
        for place, width in zip(shown, widths, strict=True):
            heading = self._columns[place]
            overflow: OverflowMethod = "ellipsis" if heading in self._cut else "fold"
            table.add_column(heading, width=width, no_wrap=heading not in self._folded, overflow=overflow)
        for row, style in zip(texts, self._styles, strict=True):
            table.add_row(*(row[place] for place in shown), style=style)
        yield table

    def _fitted(self, natural: Sequence[int], room: int) -> tuple[list[int], list[int]]:
        """The places of the columns that are shown on *room* columns of the screen, and their widths."""
        flexible = {*self._folded, *self._cut}
        least = [
            max(len(heading), min(width, _LEAST)) if heading in flexible else width
            for heading, width in zip(self._columns, natural, strict=True)
        ]
        shown = list(range(len(self._columns)))
        for spare in self._spare:
            if sum(least[place] + _GAP for place in shown) - _GAP > room:
                shown.remove(self._columns.index(spare))
        widths = {place: least[place] for place in shown}
        room -= sum(width + _GAP for width in widths.values()) - _GAP
        wanting = sorted(
            (place for place in shown if natural[place] > widths[place]),
            key=lambda place: natural[place] - least[place],
        )
        for left, place in zip(range(len(wanting), 0, -1), wanting, strict=True):
            more = max(0, min(natural[place] - widths[place], room // left))
            widths[place] += more
            room -= more
        return shown, list(widths.values())
