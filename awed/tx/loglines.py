"""The formats of the log: lines of text for people, JSON for programs.

A message about a job, a task, a workunit, a worker or a node has its id in the field ``job``, ``task``, ``work``,
``client`` or ``node``, whether its text shows it or not. A message that is logged while a request is handled also has
the id of the request.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO

import msgspec
from twisted.logger import FileLogObserver, LogEvent, formatEvent, formatEventAsClassicLogText

from awed.model.ids import job_of

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the request that is being handled, "" if none is."""

IDS = ("job", "task", "work", "client", "node")
"""The fields of a message that have ids."""


def text_line(event: LogEvent) -> str | None:
    """A line with time, namespace, level and text, and in brackets the ids that the text does not have.

    None for an event without a text.
    """
    text = formatEvent(event)
    rest = ", ".join(f"{name} {value}" for name, value in _ids(event).items() if value not in text)
    if not (text and rest):
        return formatEventAsClassicLogText(event)
    return formatEventAsClassicLogText({**event, "log_format": "{_text} [{_rest}]", "_text": text, "_rest": rest})


def json_line(event: LogEvent) -> str | None:
    """A JSON object in one line: ``time``, ``level``, ``namespace``, ``text``, ids, and ``traceback`` of a failure.

    None for an event with neither text nor failure.
    """
    text = formatEvent(event)
    if not text and "log_failure" not in event:
        return None
    line = {
        "time": datetime.fromtimestamp(event["log_time"], UTC).isoformat(timespec="milliseconds"),
        "level": event["log_level"].name if "log_level" in event else "info",
        "namespace": event.get("log_namespace") or "",
        "text": text,
        **_ids(event),
    }
    if "log_failure" in event:
        line["traceback"] = event["log_failure"].getTraceback()
    return msgspec.json.encode({name: encodable(value) for name, value in line.items()}).decode() + "\n"


FORMATS: Mapping[str, Callable[[LogEvent], str | None]] = {"text": text_line, "json": json_line}


def observer(file: IO[str], line: str) -> FileLogObserver:
    """A log observer that writes to *file*. *line*: the format, a key of FORMATS."""
    return FileLogObserver(file, FORMATS[line])


def _ids(event: LogEvent) -> dict[str, str]:
    """The ids in *event*, in the order of IDS, if it is a message of awed's own, and the id of the request."""
    ours = str(event.get("log_namespace")).startswith("awed.")
    found = {name: str(event[name]) for name in IDS if event.get(name)} if ours else {}
    part = found.get("work") or found.get("task")
    if part:
        found = {"job": job_of(part), **found}
    request = REQUEST.get()
    return {**found, "request": request} if request else found


def encodable(text: str) -> str:
    """*text* without surrogates, which cannot be encoded. File names that are not UTF-8 have them."""
    return text.encode("utf-8", "backslashreplace").decode()
