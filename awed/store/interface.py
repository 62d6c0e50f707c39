"""The port to the database. It speaks of jobs, not of a database's language."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from zope.interface import Interface

from awed.model.job import Job
from awed.model.records import Batch, JobRecord, T, Unfinished
from awed.model.states import JobState
from awed.model.times import NO_TIME


class JobQuery(Struct, frozen=True):
    """Which jobs, in which order. All conditions must hold.

    *id_prefix*: how the job's id begins.

    *fields*: dotted document path (``info.project``, ``tasks.cmd.name``) to the values of which one must match; a
    value that reads as a number, boolean or RFC 3339 time also matches that number, boolean or time. Of the lists of
    tasks and files on the way, and of a list at the path's end, one element must match.

    *reader*: only jobs that this user may read: the owner, and whom the ACL lets read; None means all. *since*
    (inclusive) and *until* (exclusive) bound the submit or the completed time. *order*: a document path; jobs that
    are equal in it, or have nothing there, are ordered by id. *limit* 0 means no limit.
    """

    states: tuple[JobState, ...] = ()
    id_prefix: str = ""
    fields: Mapping[str, Sequence[str]] = {}
    reader: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: str = "updatetime"
    descending: bool = True
    limit: int = 25
    offset: int = 0

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """*since* and *until*, if one of them is given. No span holds :data:`~awed.model.times.NO_TIME`."""
        if self.since is None and self.until is None:
            return None
        first = NO_TIME + datetime.resolution
        return max(self.since or first, first), self.until or datetime.max.replace(tzinfo=UTC)


PAGE = 1 << 20
"""Bytes of records, as JSON, that are read at a time where there may be many or large ones."""

Wanted = str | int | Sequence[str]
"""The value that a field has, or texts of which it has one."""


class JobPage(Struct):
    """One page of whole jobs, tasks included: the first ones, the ids of the others, and how many match in all."""

    jobs: list[Job]
    total: int
    rest: list[str] = []


class IStore(Interface):
    """Where everything durable lives.

    Writes happen through :meth:`commit` alone, one at a time: the next is called when the last has fired. Reads
    may run beside it and see what the last finished commit left.
    """

    def open() -> Awaitable[None]:
        """Make the store ready, and what an older awed wrote (:mod:`awed.store.versions`). Raises :class:`ValueError`
        if a newer one wrote it, or if it is in use."""

    def close() -> Awaitable[None]:
        """Let go of files and connections, after the commit under way."""

    async def check() -> None:
        """Nothing, if the store can be reached and may be written. Raises :class:`~awed.model.errors.StoreAway`."""

    def commit(batch: Batch) -> Awaitable[None]:
        """Make all of *batch* durable together. Its records are encoded before this returns, so the caller may go on
        changing them. Raises :class:`~awed.model.errors.StoreAway` if nothing was written; writing the same
        batch again is harmless."""

    def load() -> Awaitable[Unfinished]:
        """Everything the scheduler starts from, in bulk: unfinished jobs, their tasks and work, clients, meta."""

    def load_job(job_id: str) -> Awaitable[Unfinished | None]:
        """What :meth:`load` gives, of one job in whatever state; no clients, no meta. None: there is no such job."""

    def job_ids(states: Collection[JobState]) -> Awaitable[list[str]]:
        """The ids of all jobs in one of these states."""

    def expired(now: datetime) -> Awaitable[list[str]]:
        """The ids of the completed and deleted jobs whose expiration is set and not after *now*."""

    def job(job_id: str) -> Awaitable[JobRecord | None]:
        """One job with its tasks (``job.tasks`` filled, in order), or None."""

    def jobs(query: JobQuery) -> Awaitable[JobPage]:
        """A page of jobs, of which as many are read as :meth:`whole` gives. Raises
        :class:`~awed.model.errors.Invalid` if it takes too long to find."""

    def whole(job_ids: Sequence[str]) -> Awaitable[list[JobRecord | None]]:
        """The first of these jobs with their tasks, as many as have about :data:`PAGE` bytes together, one at least;
        None in the place of one that is gone."""

    def distinct(path: str, query: JobQuery) -> Awaitable[list[object]]:
        """The distinct values of a document path (``info.project``) over all jobs that match *query*, as JSON has
        them, numbers before texts. Raises :class:`~awed.model.errors.Invalid` if it takes too long to find."""

    def one(record: type[T], **fields: str | int) -> Awaitable[T | None]:
        """The record of this type that has these values in its fields, which :data:`~awed.model.records.KINDS` names.
        For parts of a job the job's id must be given."""

    def all(record: type[T], **fields: str | int) -> Awaitable[list[T]]:
        """All such records: parts of a job by their job, position, task and rank, all others by their ids."""

    def page(record: type[T], after: Sequence[str | int], limit: int, **fields: Wanted) -> Awaitable[list[T]]:
        """The first *limit* records that have these values in fields of their key, and come after *after* in the
        order of their keys, or fewer with about :data:`PAGE` bytes together, one at least: page by page, all of them.

        *after* is what the last one read has in those fields of its key that are not given one value, empty at the
        begin."""

    def ids(record: type[Struct]) -> Awaitable[list[str]]:
        """The ids of all records of a kind that is no job's, in order."""
