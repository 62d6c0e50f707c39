"""The query string of ``GET /job``, read into a :class:`~awed.store.interface.JobQuery`."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from awed.api.paging import Paging
from awed.auth.rights import reader
from awed.model.access import User
from awed.model.errors import Invalid
from awed.model.states import ACTIVE, UNFINISHED, JobState
from awed.model.tes import CWL_STEP
from awed.store.interface import JobQuery
from awed.web.arguments import Rest
from awed.web.kinds import Kind, split

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
"""The fields of ``info`` for ``?distinct``."""

_PATH = re.compile(r"\w[\w-]*(\.\w[\w-]*)*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def _field(name: str, texts: Sequence[str]) -> str:
    if texts[0] not in DISTINCT_FIELDS:
        raise Invalid(f"unable to run distinct query on non-indexed info field: {texts[0]}")
    return texts[0]


def _path(name: str) -> str:
    if not _PATH.fullmatch(name):
        raise Invalid(f"not the name of a job's field: {name}")
    return name


def _moment(name: str, texts: Sequence[str]) -> datetime:
    text = texts[0]
    try:
        whole = f"{text}T00:00:00Z" if _DATE.match(text) else text
        return msgspec.convert(whole, _Moment).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise Invalid(f"Invalid datetime format: {text}") from None


FIELD = Kind(_field, {"type": "string", "enum": list(DISTINCT_FIELDS)})
_EQUAL = f"info.userattr.{CWL_STEP}"
"""The field by which steps are found that equal one."""

_ORDER = Kind(
    lambda name, texts: _path(texts[0]) if texts[0] else "updatetime",
    {"type": "string", "pattern": f"^{_PATH.pattern}$"},
)
_MOMENT = Kind(_moment, {"type": "string"})


class JobList(Paging, frozen=True):
    """The jobs that a list is to have, and how they are shown."""

    order: Annotated[str, _ORDER, "By which field."] = "updatetime"
    active: Annotated[bool, "Only jobs that the scheduler holds and that are not suspended."] = False
    suspend: Annotated[bool, "Only suspended jobs."] = False
    registered: Annotated[bool, "Only jobs that the scheduler holds."] = False
    query: Annotated[bool, "All parameters that are not named here are fields and the values that they may have."] = (
        False
    )
    date_start: Annotated[
        datetime | None, _MOMENT, "Submitted or completed then or later: a date, or an RFC 3339 time."
    ] = None
    date_end: Annotated[datetime | None, _MOMENT, "Submitted or completed before."] = None
    verbosity: Annotated[
        Literal["full", "minimal", "line"], "Whole jobs, the original's minimal view, or one line for each."
    ] = "full"
    userattr: Annotated[list[str], "A user attribute for the line, repeatable."] = []
    id_prefix: Annotated[str, "Only jobs whose id begins like this."] = ""
    words: Annotated[str, "Only jobs whose name contains each of these words, in any case."] = ""
    owner: Annotated[str, "Only jobs of this user."] = ""
    mine: Annotated[bool, "Only jobs of the caller."] = False
    top: Annotated[bool, "Only jobs that are no steps of a run."] = False

    def query_for(self, user: User, fields: Rest) -> JobQuery:
        """The query for a page of the jobs that *user* may read: of a runner, the steps of its run, or steps of its
        user that equal one. *fields*: all other parameters.

        Raises :class:`~awed.model.errors.Invalid` for a parameter that cannot be the path of a field.
        """
        asked = {_path(name): split(texts) for name, texts in fields.items()} if self.query else {}
        are_equal = bool(asked.get(_EQUAL))
        if user.run and not are_equal:
            asked["info.parent"] = [user.run]
        return JobQuery(
            states=self._states(),
            id_prefix=self.id_prefix,
            words=tuple(self.words.split()),
            owner=user.name if self.mine or (user.run and are_equal) else self.owner,
            fields=asked,
            top=self.top,
            reader=reader(user),
            since=self.date_start,
            until=self.date_end,
            order=self.order,
            descending=self.descending,
            limit=self.limit,
            offset=self.offset,
        )

    def _states(self) -> tuple[JobState, ...]:
        """The states that jobs may have; empty for any."""
        states: set[JobState] = set()
        if self.active:
            states |= ACTIVE
        if self.suspend:
            states.add(JobState.SUSPEND)
        if self.registered:
            states |= UNFINISHED
        return tuple(sorted(states))
