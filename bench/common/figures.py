"""Figures: measured a few times, shown as medians in a table or as JSON."""

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table


class Figure(Struct, frozen=True):
    """One number of one run. *at_least* and *at_most*: what it should be, where that was said."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None


Measure = Callable[[int], Iterator[list[Figure]]]
"""A measurement: gives the figures of so many runs, the same ones in the same order each time."""


class Median(Struct, omit_defaults=True):
    """What several runs say of one figure."""

    name: str
    median: float
    lowest: float
    highest: float
    unit: str
    goal: str = ""
    met: bool | None = None


def medians(runs: Sequence[Sequence[Figure]]) -> list[Median]:
    """The median of each figure over all runs."""
    return [_median(figures) for figures in zip(*runs, strict=True)]


def _median(figures: Sequence[Figure]) -> Median:
    first = figures[0]
    values = [figure.value for figure in figures]
    median = statistics.median(values)
    found = Median(first.name, median, min(values), max(values), first.unit)
    if first.at_least is not None:
        found.goal, found.met = f">= {first.at_least:,g}", median >= first.at_least
    if first.at_most is not None:
        found.goal, found.met = f"<= {first.at_most:,g}", median <= first.at_most
    return found


def show(title: str, found: Sequence[Median]) -> None:
    """Print a table."""
    table = Table("", "median", "lowest", "highest", "unit", "goal", title=title, title_justify="left")
    for column in table.columns[1:4]:
        column.justify = "right"
    for row in found:
        verdict = {None: "", True: "  met", False: "  missed"}[row.met]
        numbers = map(_number, (row.median, row.lowest, row.highest))
        table.add_row(row.name, *numbers, row.unit, f"{row.goal}{verdict}")
    Console(width=120).print(table)


def show_json(found: dict[str, list[Median]]) -> None:
    """Print all medians as one JSON document."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
