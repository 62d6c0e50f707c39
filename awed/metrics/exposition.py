"""The page of metrics that Prometheus reads."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from msgspec import to_builtins
from prometheus_client import ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from awed import __version__
from awed.metrics import catalogue
from awed.metrics.measures import Measures
from awed.model.access import User
from awed.model.errors import Unavailable
from awed.model.work import ReportStatus
from awed.nodes.store import NodeStore
from awed.scheduler.counts import Tally
from awed.scheduler.queue import Queued
from awed.scheduler.requirements import Wanted, groups_of
from awed.service.engine import Engine
from awed.service.groups import Groups
from awed.tx.threads import InThread

TOLD_APART = 100
"""Kinds of queued work that have samples of their own. The number is limited because jobs can make any kinds."""

NAME_LENGTH = 64
"""Characters of a label's value that comes from a job."""

OTHER = "other"
"""The value of labels for all other kinds of queued work."""

Labels = Callable[[Wanted], tuple[str, str]]
"""Returns the values of the labels ``group`` and ``app`` for queued work."""


class Exposition:
    """Makes the page from the present state. *place*: a directory on the disk of the node store."""

    def __init__(
        self,
        *,
        engine: Engine,
        groups: Groups,
        nodes: NodeStore,
        measures: Measures,
        place: Path,
        in_thread: InThread,
        seconds: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._groups = groups
        self._nodes = nodes
        self._measures = measures
        self._place = place
        self._in_thread = in_thread
        self._seconds = seconds
        self._process = ProcessCollector(registry=None)

    async def page(self, user: User) -> bytes:
        """The page for *user* in Prometheus' text format. Collects values on the reactor, makes the text in a
        thread."""
        ready = await self._ready()
        families = [
            catalogue.INFO.values([((__version__,), 1)]),
            catalogue.READY.value(ready),
            *_queue(self._engine, partial(self._labels, user), self._seconds()),
            *_tally(self._engine.queue.tally),
            *_measures(self._measures),
            catalogue.NODE_BYTES.value(self._nodes.bytes),
        ]
        return await self._in_thread(self._page, families)

    def _labels(self, user: User, wanted: Wanted) -> tuple[str, str]:
        """The labels of queued work, as far as *user* may know them; OTHER in place of groups that *user* may not
        read, and of their apps, and in place of the apps of work that others submit for no group."""
        group, app = _label(",".join(sorted(wanted.named))), _label(wanted.app)
        if user.admin or (self._may_read(user, wanted.named) if group else wanted.groups <= groups_of("", user.name)):
            return group, app
        return (OTHER if group else group), OTHER

    def _may_read(self, user: User, names: Iterable[str]) -> bool:
        return all(self._groups.has(name) and self._groups.acl(name).allows(user, "read") for name in names)

    async def _ready(self) -> bool:
        try:
            await self._engine.require_ready()
        except Unavailable:
            return False
        return True

    def _page(self, families: list[Family]) -> bytes:
        disk = shutil.disk_usage(self._place)
        families += [
            catalogue.DISK_FREE.value(disk.free),
            catalogue.DISK_SIZE.value(disk.total),
            *self._process.collect(),
        ]
        return generate_latest(_Collected(families))


class _Collected(Collector):
    """A collector of families that are collected already."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _queue(engine: Engine, labels: Labels, seconds: float) -> Iterator[Family]:
    """The metrics of the present: the numbers of ``GET /queue?json``, and the queued work by kind."""
    counts = to_builtins(engine.queue.counts())
    for metric, kind in (
        (catalogue.JOBS, "jobs"),
        (catalogue.TASKS, "tasks"),
        (catalogue.WORKUNITS, "workunits"),
        (catalogue.CLIENTS, "clients"),
    ):
        yield metric.values(((state,), number) for state, number in counts[kind].items() if state != "total")
    yield catalogue.CLIENTS_WAITING.value(engine.queue.waiting_clients)
    yield catalogue.QUEUE_SUSPENDED.value(engine.queue.is_suspended)
    waiting = told_apart(engine.queue.queued(), labels)
    yield catalogue.QUEUED.values((kind, found.work) for kind, found in waiting.items())
    yield catalogue.QUEUED_AGE.values((kind, seconds - found.since) for kind, found in waiting.items())


class Waiting(NamedTuple):
    """How many workunits of a kind are queued, and since when the oldest is, in seconds of the reactor's clock."""

    work: int
    since: float


def told_apart(queued: Iterable[Queued], labels: Labels) -> dict[tuple[str, str], Waiting]:
    """The TOLD_APART largest kinds of queued work, by group and command, and all others together as OTHER."""
    kinds = sorted(queued, key=attrgetter("work"), reverse=True)
    found: dict[tuple[str, str], Waiting] = {}
    for kind in kinds[:TOLD_APART]:
        _add(found, labels(kind.wanted), kind.work, kind.since)
    if others := kinds[TOLD_APART:]:
        _add(found, (OTHER, OTHER), sum(kind.work for kind in others), min(kind.since for kind in others))
    return found


def _add(found: dict[tuple[str, str], Waiting], kind: tuple[str, str], work: int, since: float) -> None:
    before = found.get(kind, Waiting(0, since))
    found[kind] = Waiting(before.work + work, min(before.since, since))


def _label(name: str) -> str:
    """A name that comes from a job, cut to the length of a label."""
    return name[:NAME_LENGTH]


_HAPPENED = (
    (catalogue.JOBS_SUBMITTED, "JQ"),
    (catalogue.JOBS_COMPLETED, "JD"),
    (catalogue.JOBS_SUSPENDED, "JP"),
    (catalogue.TASKS_COMPLETED, "TD"),
    (catalogue.CHECKOUTS, "WC"),
    (catalogue.FAILURES, "WF"),
    (catalogue.RETRIES, "WR"),
    (catalogue.CLIENTS_REGISTERED, "CR"),
)
"""Counters of events, each with the code of the event."""


def _tally(tally: Tally) -> Iterator[Family]:
    """The metrics that count what happened since the start."""
    for metric, code in _HAPPENED:
        yield metric.value(tally.events[code])
    yield catalogue.GIVEN_UP.value(tally.events["WP"] + tally.events["W!"])
    reports = [((status.value,), tally.reports[status]) for status in ReportStatus]
    yield catalogue.REPORTS.values([*reports, (("refused",), tally.reports_refused)])
    yield catalogue.CLIENTS_LOST.value(tally.clients_lost)


def _measures(measures: Measures) -> Iterator[Family]:
    """The metrics of what was measured since the start."""
    yield catalogue.REQUESTS.values(
        ((*route.split(" ", 1), str(code)), number) for (route, code), number in measures.answers.items()
    )
    yield catalogue.FAULTS.value(sum(number for (_, code), number in measures.answers.items() if code == 500))
    yield catalogue.REQUEST_SECONDS.histograms(
        (tuple(route.split(" ", 1)), found) for route, found in measures.requests.items()
    )
    yield catalogue.COMMIT_SECONDS.histograms([((), measures.commit_seconds)])
    yield catalogue.COMMIT_RECORDS.histograms([((), measures.commit_records)])
    yield catalogue.COMMIT_FAILURES.value(measures.commit_failures)
    yield catalogue.EFFECT_SECONDS.histograms(((kind.lower(),), found) for kind, found in measures.effects.items())
    yield catalogue.REACTOR_DELAY.histograms([((), measures.delay)])
