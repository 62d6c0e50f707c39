"""Mistakes in command lines that are no matter of their syntax."""

from typing import IO, Any

import click


class Mistake(click.UsageError):
    """Something that a command line names is not there, or is not clear. It is told in a line, without the syntax."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"awe: {self.format_message()}", file=file, err=file is None)
