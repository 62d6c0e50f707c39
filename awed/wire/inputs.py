"""Inputs of a document whose bytes are sent along with it."""

from collections.abc import Iterator
from typing import Any

from awed.model.job import NO_NODE


def open_inputs(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """File name and fields of each input without a location, in documents of both forms.

    Values of a wrong type are skipped: the server will report them.
    """
    for task in _items(_field(document, "tasks")):
        for kind in ("inputs", "predata"):
            files = _field(task, kind)
            named = files.items() if isinstance(files, dict) else [(_field(f, "filename"), f) for f in _items(files)]
            for name, fields in named:
                if isinstance(name, str) and isinstance(fields, dict) and not _has_source(fields):
                    yield name, fields


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _has_source(fields: dict[str, Any]) -> bool:
    return bool(fields.get("origin") or fields.get("url") or fields.get("node", NO_NODE) != NO_NODE)
