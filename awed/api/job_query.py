"""The query string of ``GET /job`` as a :class:`~awed.store.interface.JobQuery`."""

import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from awed.auth.rights import reader
from awed.model.access import User
from awed.model.errors import Invalid
from awed.model.states import ACTIVE, UNFINISHED, JobState
from awed.store.interface import JobQuery
from awed.web.params import Params

DISTINCT_FIELDS = (
    "name",
    "submittime",
    "completedtime",
    "pipeline",
    "clientgroups",
    "project",
    "service",
    "user",
    "priority",
    "userattr.submission",
)
"""Fields of ``info`` whose distinct values may be asked for."""

_VIEW = frozenset(
    {
        "query",
        "limit",
        "offset",
        "order",
        "direction",
        "distinct",
        "date_start",
        "date_end",
        "verbosity",
        "userattr",
        "id_prefix",
        "active",
        "suspend",
        "registered",
    }
)
"""Parameters that say how to show jobs; with ``query`` every other one is a field."""

_HELD = {"active": ACTIVE, "suspend": frozenset({JobState.SUSPEND}), "registered": UNFINISHED}
"""Flags for the jobs that the scheduler holds."""

_PATH = re.compile(r"\w[\w-]*(\.\w[\w-]*)*\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def job_query(params: Params, user: User) -> JobQuery:
    """The page of jobs that *params* ask for, among those that *user* may read.

    Raises :class:`~awed.model.errors.Invalid`, naming what was found and what is expected.
    """
    return JobQuery(
        states=_states(params),
        id_prefix=params.text("id_prefix"),
        fields=_fields(params) if "query" in params else {},
        reader=reader(user),
        since=_moment(params, "date_start"),
        until=_moment(params, "date_end"),
        order=_path(params.text("order") or "updatetime"),
        descending=params.descending(),
        limit=params.count("limit", 25),
        offset=params.count("offset", 0),
    )


def distinct_path(params: Params) -> str:
    """The document path whose distinct values are asked for."""
    name = params.text("distinct")
    if name not in DISTINCT_FIELDS:
        raise Invalid(f"unable to run distinct query on non-indexed info field: {name}")
    return f"info.{name}"


def _states(params: Params) -> tuple[JobState, ...]:
    held = [states for flag, states in _HELD.items() if flag in params]
    return tuple(sorted(frozenset().union(*held)))


def _fields(params: Params) -> dict[str, list[str]]:
    return {_path(name): params.texts(name) for name in params if name not in _VIEW}


def _path(name: str) -> str:
    if not _PATH.match(name):
        raise Invalid(f"not the name of a job's field: {name}")
    return name


def _moment(params: Params, name: str) -> datetime | None:
    if name not in params:
        return None
    text = params.text(name)
    try:
        whole = f"{text}T00:00:00Z" if _DATE.match(text) else text
        return msgspec.convert(whole, _Moment).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise Invalid(f"Invalid datetime format: {text}") from None
