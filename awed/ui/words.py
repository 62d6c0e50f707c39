"""Numbers, sizes, times and names for people."""

from collections.abc import Iterable
from datetime import datetime

from twisted.web.template import Tag, tags

from awed.model.job import Task
from awed.model.quantities import rough_size
from awed.model.resources import SIZES
from awed.model.times import NO_TIME, rfc3339

_SPANS = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


def span(seconds: float) -> str:
    """A duration in its two largest units: ``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h``."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    for unit, name, smaller, smaller_name in _SPANS:
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {smaller_name}" if rest else "")
    return f"{whole} s"


def count(number: int, one: str) -> str:
    """A number with its noun: ``1 task``, ``12,000 tasks``."""
    return f"{number:,} {one if number == 1 else f'{one}s'}"


def short(ident: str) -> str:
    """The beginning of an id."""
    return ident[:8]


def command(task: Task) -> str:
    """The command of a task in one line: its arguments, or the first line of its script."""
    script = task.cmd.cmd_script
    if script:
        return script[0] + (" ..." if len(script) > 1 else "")
    return " ".join(filter(None, task.called))


def moment(when: datetime) -> Tag | str:
    """A time in UTC, which the script converts to the reader's time zone; "" for ``NO_TIME``."""
    if when == NO_TIME:
        return ""
    text = when.strftime("%Y-%m-%d %H:%M")
    return tags.time(f"{text} UTC", datetime=rfc3339(when), title=rfc3339(when))


def elapsed(start: datetime, end: datetime, now: datetime, *, lives: bool = True) -> Tag | str:
    """The duration from *start* to *end*, or to *now*; "" without a start. *lives*: whether the script counts on."""
    if start == NO_TIME:
        return ""
    seconds = ((now if end == NO_TIME else end) - start).total_seconds()
    return tags.span(span(seconds), **({"data-since": rfc3339(start)} if lives and end == NO_TIME else {}))


def labelled(name: str, value: Tag | str) -> Tag:
    """A cell with a number; where the head of the table has no room, *name* stands before it."""
    return tags.td(value, class_="num", **({"data-label": name} if value else {}))


def needs(amounts: Iterable[tuple[str, float]]) -> str:
    """Amounts of resources by name: ``2 cores, 64 GB memory``."""
    told = (f"{amount_of(name, amount)} {name}" for name, amount in amounts)
    return ", ".join("1 core" if one == "1 cores" else one for one in told)


def amount_of(name: str, amount: float) -> str:
    """An amount of the resource *name*: a size, or a number."""
    return rough_size(amount) if name in SIZES else f"{amount:g}"
