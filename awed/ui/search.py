"""The search box of the list of jobs: ``state:suspended project:soil user:me name:"amplicon run" since:2d words``."""

import re
import shlex
from datetime import datetime

import msgspec

from awed.auth.rights import reader
from awed.model.access import User
from awed.model.errors import Invalid
from awed.model.quantities import parse_moment
from awed.model.states import STATE_WORDS, JobState
from awed.store.interface import JobQuery
from awed.ui.view import query_string

FIELDS = {
    "project": "info.project",
    "pipeline": "info.pipeline",
    "service": "info.service",
    "group": "info.clientgroups",
    "priority": "info.priority",
    "command": "tasks.cmd.name",
    "run": "info.parent",
}
"""The words before a colon that stand for a field of the document."""

_OF_STEPS = ("run", "id", "worker", "steps")
"""The words before a colon with which steps of runs are shown, which are left out otherwise."""

WORKER = "worker"
"""The word before a colon that stands for the name, or the id, of a worker."""

ORDERS = {
    "changed": "updatetime",
    "submitted": "info.submittime",
    "name": "info.name",
    "state": "state",
    "priority": "info.priority",
}
"""The keys by which the list can be sorted, and their fields."""

PAGE = 25
"""Jobs on a page."""

_KEY = re.compile(r"([a-z]+):(.*)", re.DOTALL)


class Selection(msgspec.Struct, frozen=True):
    """The search, order and offset of a list of jobs, as in the address of the page."""

    q: str = ""
    sort: str = "changed"
    up: bool = False
    offset: int = 0

    def address(self, **changes: object) -> str:
        """The query string of this selection after *changes*; defaults are left out."""
        chosen = msgspec.structs.replace(self, **changes)
        return query_string(_changed(chosen))

    @property
    def workers(self) -> list[str]:
        """The names or ids of workers that the search asks for."""
        return [text for key, text in _terms(self.q) if key == WORKER]

    def query(self, user: User, now: datetime, ids: tuple[str, ...] | None = None) -> JobQuery:
        """The query for those jobs that *user* may read. *ids*: of the jobs at the :attr:`workers`.

        Raises :class:`~awed.model.errors.Invalid` for a wrong search, with what is expected.
        """
        if self.sort not in ORDERS:
            raise Invalid(f"sort must be one of {', '.join(ORDERS)}, found: {self.sort}")
        states: set[JobState] | None = None
        fields: dict[str, list[str]] = {}
        words: list[str] = []
        more: dict[str, str | datetime | tuple[str, ...]] = {}
        for key, text in _terms(self.q):
            if key in ("", "name"):
                words.append(text)
            elif key == "state":
                found = set(_states(text))
                states = found if states is None else states & found
            elif key == "id":
                more["id_prefix"] = text
            elif key in ("since", "until"):
                more[key] = _time(key, text, now)
            elif key in FIELDS:
                fields.setdefault(FIELDS[key], []).append(text)
            elif key == "steps":
                _steps(text)
            elif key == WORKER:
                more["ids"] = ids or ()
            elif key == "user":
                more["owner"] = user.name if text == "me" else text
            else:
                known = ", ".join(["state", "name", "id", "user", WORKER, *FIELDS, "steps", "since", "until"])
                raise Invalid(f"{key}: is none of the words that can stand before a colon: {known}")
        if states is not None and not states:
            raise Invalid("no job is in two states at once")
        query = JobQuery(
            states=tuple(sorted(states or ())),
            fields=fields,
            words=tuple(words),
            top=all(key not in _OF_STEPS for key, _ in _terms(self.q)),
            reader=reader(user),
            order=ORDERS[self.sort],
            descending=not self.up,
            limit=PAGE,
            offset=self.offset,
        )
        return msgspec.structs.replace(query, **more)


def _changed(selection: Selection) -> dict[str, object]:
    usual = Selection()
    return {
        name: (1 if value is True else value)
        for name, value in msgspec.structs.asdict(selection).items()
        if value != getattr(usual, name)
    }


def _terms(text: str) -> list[tuple[str, str]]:
    """The parts of a search: the word before the colon, "" for none, and what is looked for."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="")
    lexer.whitespace_split, lexer.commenters, lexer.escape, lexer.quotes = True, "", "", '"'
    try:
        parts = list(lexer)
    except ValueError:
        raise Invalid('a quotation mark " is open in the search: close it') from None
    terms = []
    for part in parts:
        found = _KEY.fullmatch(part)
        key, value = found.groups() if found else ("", part)
        if value:
            terms.append((key, value))
        elif key:
            raise Invalid(f"nothing stands after {key}: in the search")
    return terms


def _states(text: str) -> list[JobState]:
    found: list[JobState] = []
    for word in text.lower().split(","):
        if word not in STATE_WORDS:
            raise Invalid(f"state: must be one of {', '.join(STATE_WORDS)}, found: {word}")
        found += STATE_WORDS[word]
    return found


def _steps(text: str) -> None:
    if text != "yes":
        raise Invalid(f"steps: must be yes, to show steps of runs as well, found: {text}")


def _time(key: str, text: str, now: datetime) -> datetime:
    """The time that *text* says: a duration before *now*, a date, or an RFC 3339 time. *key*: for the error.

    Raises :class:`~awed.model.errors.Invalid`.
    """
    try:
        return parse_moment(text, now)
    except ValueError as error:
        raise Invalid(f"{key}: {error}") from None
