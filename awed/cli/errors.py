"""Mistakes in command lines that are no matter of their syntax."""

from collections.abc import Collection
from typing import IO, Any

import click


class Mistake(click.UsageError):
    """Something that a command line names is not there, or is not clear. It is told in a line, without the syntax."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"awe: {self.format_message()}", file=file, err=file is None)


def require(name: str, names: Collection[str], what: str) -> None:
    """Raises :class:`Mistake` unless *name* is among *names*, which are all that there is of *what* (a word)."""
    if name not in names:
        raise Mistake(f"there is no {what} {name}; there {'are ' + ', '.join(names) if names else 'is none'}")
