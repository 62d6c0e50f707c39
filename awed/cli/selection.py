"""Options that select the jobs of a command: ids, or conditions."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import click
from msgspec import Struct

from awed.cli.completion import complete_jobs
from awed.cli.lookup import Line, find_line, lines
from awed.client.blocking import Server
from awed.model.quantities import parse_moment
from awed.model.states import STATE_WORDS
from awed.model.times import now, rfc3339

_Command = Callable[..., Any]


class Conditions(Struct, frozen=True):
    """Conditions for jobs, all of which must hold. *since*: the earliest time of submission or completion."""

    states: Sequence[str] = ()
    name: str = ""
    project: str = ""
    user: str = ""
    since: datetime | None = None
    mine: bool = False

    def __bool__(self) -> bool:
        return self != Conditions()

    def query(self) -> dict[str, str]:
        """The parameters of ``GET /job`` for these conditions."""
        fields = {
            "state": ",".join(dict.fromkeys(state for word in self.states for state in STATE_WORDS[word])),
            "info.project": self.project,
        }
        others = {
            "words": self.name,
            "owner": self.user,
            "date_start": rfc3339(self.since) if self.since else "",
            "mine": "true" if self.mine else "",
        }
        chosen = {name: value for name, value in (fields | others).items() if value}
        return {"query": "", **chosen} if any(fields.values()) else chosen


class Jobs(Struct, frozen=True):
    """The jobs that a user named: by ids or names, or by conditions."""

    texts: Sequence[str]
    conditions: Conditions = Conditions()

    @property
    def is_one(self) -> bool:
        """Whether a single job was named."""
        return len(self.texts) == 1

    def find(self, server: Server) -> list[Line]:
        """The jobs. Raises :class:`~awed.cli.errors.Mistake` for a text that names no job, or several."""
        if self.texts:
            return list({found.id: found for found in (find_line(server, text) for text in self.texts)}.values())
        return lines(server, urlencode({**self.conditions.query(), "limit": 0}))[0]


class _Since(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return parse_moment(value, now())
        except ValueError as error:
            self.fail(str(error), param, ctx)


_OPTIONS = (
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([*STATE_WORDS]),
        metavar="STATE",
        help=f"Only jobs in this state ({', '.join(STATE_WORDS)}); may be repeated.",
    ),
    click.option("--name", default="", metavar="WORDS", help="Only jobs whose name contains these words."),
    click.option("--project", default="", help="Only jobs of this project."),
    click.option("--user", default="", help="Only jobs of this user."),
    click.option(
        "--since", type=_Since(), metavar="TIME", help="Only jobs submitted or completed since 30m, 12h, 2d, a date."
    ),
    click.option("--mine", is_flag=True, help="Only your own jobs."),
)


def conditions_options(command: _Command) -> _Command:
    """Decorator: the options that select jobs, as the argument *conditions*."""

    @wraps(command)
    def with_conditions(*args: Any, **kwargs: Any) -> Any:
        chosen = Conditions(**{name: kwargs.pop(name) for name in Conditions.__struct_fields__})
        return command(*args, conditions=chosen, **kwargs)

    for option in reversed(_OPTIONS):
        with_conditions = option(with_conditions)
    return with_conditions


def jobs_options(command: _Command) -> _Command:
    """Decorator: ids, or the options that select jobs, as the argument *chosen*."""

    @wraps(command)
    def with_jobs(*args: Any, ids: tuple[str, ...], conditions: Conditions, **kwargs: Any) -> Any:
        return command(*args, chosen=Jobs(ids, conditions), **kwargs)

    return click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=complete_jobs)(
        conditions_options(with_jobs)
    )


def require_jobs(chosen: Jobs, every: bool = False, purpose: str = "") -> None:
    """Raises :class:`click.UsageError` unless jobs are named in one way: by ids, by conditions, or by *every*.

    *purpose*: what is done to them, as words after "which jobs".
    """
    if [bool(chosen.texts), bool(chosen.conditions), every].count(True) != 1:
        choices = "either IDs or options that select jobs, such as --state suspended --mine"
        raise click.UsageError(f"which jobs{purpose}? Give {choices}; see --help")
