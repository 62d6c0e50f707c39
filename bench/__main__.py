"""``python -m bench [QUESTION ...]``: runs measurements, and shows the medians of their runs."""

from collections.abc import Sequence
from importlib import import_module

import click

from bench.common.figures import Measure, medians, show, show_json

QUESTIONS = (
    "drain",
    "feed",
    "depth",
    "submit",
    "holds",
    "endtoend",
    "chain",
    "executor",
    "follow",
    "list",
    "ui",
    "recover",
    "memory",
    "fleet",
    "bigfile",
)
"""The modules of this package that measure something."""


@click.command()
@click.argument("questions", nargs=-1, type=click.Choice(QUESTIONS))
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1), help="Runs of each measurement.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def main(questions: Sequence[str], runs: int, as_json: bool) -> None:
    """Measure what QUESTIONS ask for, everything by default."""
    found = {}
    for name in questions or QUESTIONS:
        measure: Measure = import_module(f"bench.{name}").measure
        found[name] = medians(list(measure(runs)))
        if not as_json:
            show(name, found[name])
    if as_json:
        show_json(found)


if __name__ == "__main__":
    main()
