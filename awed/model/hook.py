"""Hooks: addresses that are sent events, and what became of that."""

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from awed.model.addresses import address
from awed.model.feed import REMOVED, FeedEvent, Subject, WorkEvent
from awed.model.states import ClientState, JobState, TaskState

MOST_EVENTS = 100

STATES: dict[Subject, tuple[str, ...]] = {
    Subject.JOB: tuple(JobState),
    Subject.TASK: tuple(TaskState),
    Subject.WORK: tuple(WorkEvent),
    Subject.CLIENT: (*ClientState, REMOVED),
}
"""The states of which events tell, by what they are about."""


DEFAULT = ["job.completed", "job.suspend"]
"""The events of a hook that names none."""

ENDS = ("job.completed", "job.deleted")
"""After these events a job needs no hook that goes with it."""

_SECRET = re.compile("[ -~]{1,200}")


class Notify(Struct):
    """An address *url* that is to be sent *events*, ``KIND.STATE`` or ``KIND`` for all of that kind, signed with
    *secret*."""

    url: str = ""
    events: list[str] = field(default_factory=DEFAULT.copy)
    secret: str = ""


def faults_of(notify: Notify) -> Iterator[tuple[str, str]]:
    """What is wrong, by field."""
    try:
        address(notify.url)
    except ValueError as error:
        yield "url", str(error)
    if notify.secret and not _SECRET.fullmatch(notify.secret):
        yield "secret", "expected up to 200 visible ASCII characters"
    if not 1 <= len(notify.events) <= MOST_EVENTS:
        yield "events", f"expected 1 to {MOST_EVENTS} of them"
    for event in notify.events:
        kind, dot, state = event.partition(".")
        if kind not in list(Subject):
            yield "events", f"{event}: expected one of {', '.join(Subject)}, or KIND.STATE"
        elif dot and state not in STATES[Subject(kind)]:
            yield "events", f"{event}: the states of {kind} are {', '.join(STATES[Subject(kind)])}"


class HookState(StrEnum):
    """Whether a hook is sent events. One that failed for too long is *dead*."""

    ACTIVE = "active"
    DEAD = "dead"


class DeliveryState(StrEnum):
    """What became of an event that a hook is sent. *waiting*: it is tried until it succeeds, or for too long."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Try(Struct, frozen=True):
    """One request: the *status* of its answer, or the *error* if there was none."""

    time: datetime
    status: int = 0
    error: str = ""


class HookDelivery(Struct):
    """An event on its way to a hook. *delivery*: its id, the same at each of the *tries*, of which the first and the
    last ones are kept."""

    delivery: str
    event: FeedEvent
    tries: list[Try] = []
    state: DeliveryState = DeliveryState.WAITING


class Hook(Struct):
    """An address *url* that is sent events, signed with *secret*.

    *events*: ``KIND.STATE``, or ``KIND`` for all of that kind. *owner*: the user who hears. *job*: that job's events
    only, *mine*: those of jobs that the user owns. *with_job*: it goes when that job is completed or deleted.
    *reason*: why it is dead. *cursor*: the number of the event up to which all are delivered. *deliveries*: the last
    ones. *account*: when the owner's account was made, None for an owner without one; the hook is dead without it.
    """

    id: str
    url: str
    events: list[str]
    secret: str
    owner: str
    job: str = ""
    mine: bool = False
    with_job: bool = False
    state: HookState = HookState.ACTIVE
    reason: str = ""
    cursor: int = 0
    created: datetime | None = None
    account: datetime | None = None
    deliveries: list[HookDelivery] = []

    @property
    def listens(self) -> bool:
        """Whether it needs events: a dead one only if it goes with its job."""
        return self.state is HookState.ACTIVE or self.with_job

    @property
    def heard(self) -> frozenset[str]:
        """The events that it needs, as *events* has them."""
        sent = self.events if self.state is HookState.ACTIVE else ()
        return frozenset([*sent, *(ENDS if self.with_job else ())])

    def wants(self, event: FeedEvent) -> bool:
        """Whether it is to be sent *event*."""
        return self.state is HookState.ACTIVE and not {event.kind, event.name}.isdisjoint(self.events)
