"""The feed: changes of states as they are stored, and the numbered events that listeners get."""

from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from awed.model.ids import job_of

MOST_CHANGES = 500
"""The most changes in one page."""

DIGITS = 16
"""Digits of the id of a page."""


class Subject(StrEnum):
    """The kind of thing that an event is about."""

    JOB = "job"
    TASK = "task"
    WORK = "work"
    CLIENT = "client"


class WorkEvent(StrEnum):
    """What happens to a workunit. *queued* and *suspend*: it was taken back from its client.

    After *failed* it is queued again, or suspended with its task. A workunit that was never checked out has no
    events.
    """

    CHECKOUT = "checkout"
    DONE = "done"
    FAILED = "failed"
    QUEUED = "queued"
    SUSPEND = "suspend"


REMOVED = "removed"
"""The state in the last event of a client, which signed off or is lost."""


class StateChange(Struct, frozen=True, omit_defaults=True, gc=False):
    """A new *state* of the thing with the id *about*. *cause*: the name of the reason, "" if there is none.

    *owner* and *submitter* of the job, or *group* of the client, decide who may see the change. *submitter* is "" if
    it is the owner.
    """

    kind: Subject
    about: str
    state: str
    cause: str = ""
    owner: str = ""
    submitter: str = ""
    group: str = ""
    client: str = ""
    remainwork: int | UnsetType = UNSET
    totalwork: int | UnsetType = UNSET
    attempt: int | UnsetType = UNSET
    exitstatus: int | UnsetType = UNSET
    remaintasks: int | UnsetType = UNSET

    @property
    def job(self) -> str:
        """The id of the job, "" for a client."""
        return "" if self.kind is Subject.CLIENT else job_of(self.about)


class FeedPage(Struct, frozen=True):
    """Changes that became durable together, numbered from *first* on, at *time*. *id*: see :func:`page_id`."""

    id: str
    first: int
    time: datetime
    changes: list[StateChange]

    @property
    def last(self) -> int:
        """The number of the last change."""
        return self.first + len(self.changes) - 1


class FeedEvent(Struct, omit_defaults=True):
    """One event, as listeners get it. Ids are those of the API; fields without a value are not sent."""

    id: int
    time: datetime
    kind: Subject
    state: str
    job: str = ""
    task: str = ""
    work: str = ""
    client: str = ""
    cause: str = ""
    attempt: int | UnsetType = UNSET
    exitstatus: int | UnsetType = UNSET
    remainwork: int | UnsetType = UNSET
    totalwork: int | UnsetType = UNSET
    remaintasks: int | UnsetType = UNSET

    @property
    def name(self) -> str:
        """What has happened, as ``KIND.STATE``."""
        return f"{self.kind}.{self.state}"


def page_id(number: int) -> str:
    """The id of the page whose last change has *number*, with leading zeros so that ids sort as numbers do."""
    return f"{number:0{DIGITS}}"


def event_of(number: int, time: datetime, change: StateChange) -> FeedEvent:
    """The event of *number* for *change*, which was noted at *time*."""
    task = work = ""
    client = change.client
    match change.kind:
        case Subject.TASK:
            task = change.about
        case Subject.WORK:
            work, task = change.about, change.about.rpartition("_")[0]
        case Subject.CLIENT:
            client = change.about
    return FeedEvent(
        id=number,
        time=time,
        kind=change.kind,
        state=change.state,
        job=change.job,
        task=task,
        work=work,
        client=client,
        cause=change.cause,
        attempt=change.attempt,
        exitstatus=change.exitstatus,
        remainwork=change.remainwork,
        totalwork=change.totalwork,
        remaintasks=change.remaintasks,
    )
