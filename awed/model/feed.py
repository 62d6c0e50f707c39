"""The feed: changes of states as they are stored, and the numbered events that listeners are told of them."""

from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from awed.model.ids import job_of

MOST_CHANGES = 500
"""Changes that one page has at most."""

DIGITS = 16


class Subject(StrEnum):
    """What an event is about."""

    JOB = "job"
    TASK = "task"
    WORK = "work"
    CLIENT = "client"


class WorkEvent(StrEnum):
    """What happens to a workunit. *queued* and *suspend*: it was taken back from its client. One that failed is
    queued again, or suspended with its task. Of those that never were out nothing is told but of their task."""

    CHECKOUT = "checkout"
    DONE = "done"
    FAILED = "failed"
    QUEUED = "queued"
    SUSPEND = "suspend"


REMOVED = "removed"
"""The state of a client that signed off or is lost."""


class StateChange(Struct, frozen=True, omit_defaults=True):
    """The thing *about* has a new *state*. *cause*: why, where there is a reason that has a name.

    *owner* and *submitter* of the job, *group* of the client: by these it is decided who is told. The submitter is
    left out if it is the owner.
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
    """Changes with the numbers from *first* on, which became durable together, noted at *time*. *id*: the last
    number, in so many digits that ids are in order."""

    id: str
    first: int
    time: datetime
    changes: list[StateChange]

    @property
    def last(self) -> int:
        return self.first + len(self.changes) - 1


class FeedEvent(Struct, omit_defaults=True):
    """One event as listeners are told. Ids are those of the API."""

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


def page_id(number: int) -> str:
    """The id of a page that ends with *number*."""
    return f"{number:0{DIGITS}}"


def event_of(number: int, time: datetime, change: StateChange) -> FeedEvent:
    """*change* as it is told."""
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
