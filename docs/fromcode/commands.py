"""The command lines: what each program says of itself."""

from collections.abc import Iterator

import click

from awed.cli.program import awe
from awed.daemon.options import Options
from awed.worker.command import main as awe_worker
from fromcode.text import FromCode, heading, literal

WIDTH = 100
"""Columns."""


class AweCommands(FromCode):
    """``awed-commands``: ``awe`` and all its commands."""

    def text(self) -> Iterator[str]:
        return _help(awe, click.Context(awe, info_name="awe", **awe.context_settings))


class WorkerOptions(FromCode):
    """``awed-worker-options``: ``awe-worker``."""

    def text(self) -> Iterator[str]:
        yield literal(awe_worker.get_help(click.Context(awe_worker, info_name="awe-worker", max_content_width=WIDTH)))


class DaemonOptions(FromCode):
    """``awed-daemon-options``: ``twistd awe``."""

    def text(self) -> Iterator[str]:
        yield literal(Options().getUsage(WIDTH))


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    yield heading(context.command_path)
    yield literal(command.get_help(context))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            _, inner, _ = command.resolve_command(context, [name])
            assert inner is not None
            yield from _help(inner, click.Context(inner, parent=context, info_name=name))
