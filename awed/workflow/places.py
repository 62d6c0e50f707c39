"""Places in a JSON document."""

import re
from collections.abc import Iterator
from typing import Any

from awed.workflow.wording import quoted

Place = tuple[str | int, ...]
"""Where in a document: keys and list positions from the top, as ``("tasks", 1, "cmd", "name")``."""

_PLAIN = re.compile(r"[\w-]+")


def shown(place: Place) -> str:
    """``tasks[1].cmd.name`` or ``tasks[1].inputs["in.txt"]``; the document itself is ``document``."""
    return "".join(map(_step, place)).removeprefix(".") or "document"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{quoted(step)}]"


def in_order(place: Place) -> list[tuple[bool, str | int]]:
    """A sort key: names by alphabet, list items by number."""
    return [(isinstance(step, int), step) for step in place]


def walk(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """*value*, which stands at *place*, and all that is in it, however deep."""
    rest = [(place, value)]
    while rest:
        place, value = rest.pop()
        yield place, value
        if isinstance(value, dict):
            rest.extend(((*place, name), item) for name, item in value.items())
        elif isinstance(value, list):
            rest.extend(((*place, number), item) for number, item in enumerate(value))
