"""How ``awe`` finds and lists its commands."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

_LATE = {
    "user": ("awed.admin.users", "Say who may come to the daemon of a data directory: list, add, remove."),
    "backup": (
        "awed.admin.backup",
        "Copy the daemon's database to FILE, as it is at one moment; the daemon may run.",
    ),
    "import-mongo": (
        "awed.admin.import_mongo",
        "Take over the jobs, client groups and users of an original AWE server from its database, while no daemon "
        "runs.",
    ),
}
"""The modules of commands that are imported late, and their summaries."""


class Commands(click.Group):
    """Lists its commands in sections, with their whole summaries, and takes its options behind a command as well.

    Commands that need a reactor and a store are imported only when they are called, as that takes long. What lists or
    completes commands gets others in their place, which have the summaries alone.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sections: dict[str, list[str]] = {}

    def section(self, title: str, commands: Iterable[click.Command | str]) -> None:
        """Add a section of commands; of those that are imported late only the names are given."""
        for command in commands:
            if isinstance(command, click.Command):
                self.add_command(command)
            name = command if isinstance(command, str) else command.name
            assert name
            self._sections.setdefault(title, []).append(name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in self._sections.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATE:
            return super().get_command(ctx, cmd_name)
        return click.Command(cmd_name, short_help=_LATE[cmd_name][1])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            near = get_close_matches(name, self.list_commands(ctx), 1)
            hint = f"did you mean {near[0]}?" if near else "see awe --help"
            raise click.UsageError(f"there is no command {name}: {hint}", ctx)
        found, command, rest = super().resolve_command(ctx, args)
        if found in _LATE:
            command = getattr(import_module(_LATE[found][0]), found.replace("-", "_"))
        return found, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in self._sections.items():
            found = [(name, command) for name in names if (command := self.get_command(ctx, name))]
            with formatter.section(title):
                formatter.write_dl([(name, command.get_short_help_str(limit=1000)) for name, command in found])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._options_first(args))

    def _options_first(self, args: Sequence[str]) -> list[str]:
        """The words of a command line, with this group's own options before the command."""
        ours = {name: option for option in self.params if isinstance(option, click.Option) for name in option.opts}
        first: list[str] = []
        rest: list[str] = []
        words = iter(args)
        for word in words:
            if word == "--":
                return [*first, *rest, word, *words]
            name, equals, _ = word.partition("=")
            option = ours.get(name) if word.startswith("--") else None
            if option is None or option.is_flag:
                rest.append(word)
            elif equals:
                first.append(word)
            else:
                first += [word, *([value] if (value := next(words, None)) is not None else [])]
        return [*first, *rest]
