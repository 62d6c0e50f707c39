"""The interface of all stores, in terms of records and jobs."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct
from zope.interface import Interface

from awed.model.job import Job
from awed.model.records import Batch, JobRecord, T, Unfinished
from awed.model.states import JobState
from awed.model.times import NO_TIME


class JobQuery(Struct, frozen=True):
    """A page of the jobs for which all conditions hold.

    *id_prefix*: the begin of the job's id. *ids*: it must be one of these; None for any.

    *fields*: by dotted path in the document (``info.project``, ``tasks.cmd.name``), the values of which one must
    match. A value that reads as a number, boolean or RFC 3339 time also matches that number, boolean or time. Where
    the path leads through lists of tasks or files, or ends at a list, one element must match.

    *words*: each of them must occur in the job's name, whatever the case of its ASCII letters. *owner*: the name of
    the user who must own the job, "" for any. *top*: it must be no step of a run.

    *reader*: a user who must be allowed to read the job, None for all jobs. *since* (inclusive) and *until*
    (exclusive): limits for the time of submission or that of completion. *order*: a dotted path; jobs with equal
    values or none are ordered by id. *limit* 0 means no limit.
    """

    states: tuple[JobState, ...] = ()
    id_prefix: str = ""
    ids: tuple[str, ...] | None = None
    fields: Mapping[str, Sequence[str]] = {}
    words: tuple[str, ...] = ()
    owner: str = ""
    top: bool = False
    reader: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: str = "updatetime"
    descending: bool = True
    limit: int = 25
    offset: int = 0

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """*since* and *until*, None if neither is given. :data:`~awed.model.times.NO_TIME` is in no span."""
        if self.since is None and self.until is None:
            return None
        first = NO_TIME + datetime.resolution
        return max(self.since or first, first), self.until or datetime.max.replace(tzinfo=UTC)


PAGE = 1 << 20
"""Bytes of records, as JSON, after which a page that is read ends. Records may be many, or large."""

Wanted = str | int | Sequence[str]
"""The value that a field must have, or texts of which it must have one."""


class JobPage(Struct):
    """A page of jobs: the first of them, with their tasks; the ids of the *rest*; and how many jobs match in all."""

    jobs: list[Job]
    total: int
    rest: list[str] = []


class TaskSum(NamedTuple):
    """The *number* of a job's tasks, and their *computetime* in all, in seconds."""

    number: int
    computetime: int


class RecordPage(Struct):
    """One page of job records without the tasks of their jobs. *total*: the number of all matching jobs."""

    records: list[JobRecord]
    total: int


class IStore(Interface):
    """A store of records.

    :meth:`commit` is the only way to write, and is called again only when the last call has fired. Reads may run
    beside it, and see what the last finished commit left.
    """

    def open() -> Awaitable[None]:
        """Make the store ready, and convert what an older awed wrote (:mod:`awed.store.versions`).

        Raises :class:`ValueError` if a newer awed wrote it, or if it is in use.
        """

    def close() -> Awaitable[None]:
        """Wait for a commit under way, then close files and connections."""

    async def check() -> None:
        """Raises :class:`~awed.model.errors.StoreAway` if the store does not answer, or must not be written."""

    def commit(batch: Batch) -> Awaitable[None]:
        """Make *batch* durable, as a whole.

        Its records are encoded before this returns, so the caller may change them afterwards. Raises
        :class:`~awed.model.errors.StoreAway` if nothing was written, or if that is not known: to write the same batch
        again is harmless.
        """

    def load() -> Awaitable[Unfinished]:
        """All that the scheduler starts from."""

    def load_job(job_id: str) -> Awaitable[Unfinished | None]:
        """What :meth:`load` returns, of one job in any state and of nothing else. None if there is no such job."""

    def job_ids(states: Collection[JobState]) -> Awaitable[list[str]]:
        """The ids, in order, of all jobs in one of these states."""

    def expired(now: datetime) -> Awaitable[list[str]]:
        """The ids, in order, of the completed and deleted jobs whose expiration is set and not after *now*."""

    def job(job_id: str) -> Awaitable[JobRecord | None]:
        """A job with its tasks in ``job.tasks``, None if there is no such job."""

    def jobs(query: JobQuery) -> Awaitable[JobPage]:
        """A page of jobs, of which as many are read as :meth:`whole` reads.

        Raises :class:`~awed.model.errors.Invalid` if the search takes too long.
        """

    def whole(job_ids: Sequence[str]) -> Awaitable[list[JobRecord | None]]:
        """The first of these jobs, with their tasks: as many as have about PAGE bytes together, at least one.

        None in the place of a job that is not there.
        """

    def found(query: JobQuery) -> Awaitable[JobPage]:
        """The page that :meth:`jobs` returns, of which no job is read yet. Raises what :meth:`jobs` raises."""

    def sums(job_ids: Sequence[str]) -> Awaitable[dict[str, TaskSum]]:
        """Of each of these jobs that has tasks, how many these are and how long they ran."""

    def heads(query: JobQuery) -> Awaitable[RecordPage]:
        """The page that :meth:`jobs` returns, without the tasks. Raises what :meth:`jobs` raises."""

    def counts(reader: str | None, top: bool = False) -> Awaitable[dict[JobState, int]]:
        """The number of jobs in each state that *reader* may read (None: all), of *top* ones only those that are no
        steps of a run; states without jobs may be missing."""

    def distinct(path: str, query: JobQuery) -> Awaitable[list[object]]:
        """The distinct values at a dotted path (``info.project``) of the documents of all jobs that match *query*.

        Booleans come first, then numbers, then texts. Raises :class:`~awed.model.errors.Invalid` if the search takes
        too long.
        """

    def one(record: type[T], **fields: str | int) -> Awaitable[T | None]:
        """The record of this type whose *fields* have these values, None if there is none.

        :data:`~awed.model.records.KINDS` has the names of the fields. For a part of a job, ``job`` must be given.
        """

    def all(record: type[T], **fields: str | int) -> Awaitable[list[T]]:
        """The records of this type whose *fields* have these values.

        Parts of a job come in the order of job, position, task and rank, others in the order of their ids.
        """

    def page(record: type[T], after: Sequence[str | int], limit: int, **fields: Wanted) -> Awaitable[list[T]]:
        """A page of the records whose *fields*, which are fields of their key, have these values, in the order of
        keys.

        *after*: what the last record of the page before has in those fields of its key that are not given a single
        value; empty for the first page. A page has at most *limit* records, and ends after about PAGE bytes, but has
        at least one record until all are read.
        """

    def last(record: type[T]) -> Awaitable[T | None]:
        """The record of this kind with the last id in order; None if there are none."""

    def ids(record: type[Struct]) -> Awaitable[list[str]]:
        """The ids, in order, of all records of a kind that is no part of a job."""
