"""Who may see a change of a job: decided by the job's ACL at that moment."""

from collections.abc import Iterable
from typing import NamedTuple

from awed.model.access import Acl, User
from awed.model.feed import StateChange
from awed.model.records import Batch, JobRecord
from awed.scheduler.core import Scheduler
from awed.service.observer import Observer
from awed.store.interface import IStore

MOST = 10_000
"""Jobs of the store whose rights are cached."""


class Rights(NamedTuple):
    """The ACL of a job, its submitter, and the run of which it is a step."""

    acl: Acl
    submitter: str
    run: str


class Sight(Observer):
    """Finds the rights to jobs. Those of jobs that are only in the store are cached until the job changes."""

    def __init__(self, store: IStore, scheduler: Scheduler) -> None:
        self._store = store
        self._scheduler = scheduler
        self._stored: dict[str, Rights | None] = {}
        self._commits = 0

    def committed(self, batch: Batch, seconds: float) -> None:
        self._commits += 1
        self._forget(record.job.id for record in batch.jobs)
        self._forget(batch.gone_jobs)

    def _forget(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids if self._stored else ():
            self._stored.pop(job_id, None)

    async def may_read(self, user: User, change: StateChange) -> bool:
        """Whether *user* may see this change of a job or of a part of it.

        A runner may see those of the steps of its run.

        Changes of a job that is removed, or whose id another job has now, are for the owner at the time of the
        change.
        """
        if user.admin:
            return True
        rights = await self._rights(change.job)
        if user.run and (rights is None or rights.run != user.run):
            return False
        if rights is None or rights.submitter != (change.submitter or change.owner):
            return Acl.of(change.owner).allows(user, "read")
        return rights.acl.allows(user, "read")

    async def run_of(self, job_id: str) -> str:
        """The id of the run of which a job is a step; "" for any other job, and for one that is gone."""
        rights = await self._rights(job_id) if job_id else None
        return rights.run if rights is not None else ""

    async def _rights(self, job_id: str) -> Rights | None:
        """The rights to a job, None if there is no such job."""
        if (entry := self._scheduler.jobs.find(job_id)) is not None:
            return Rights(entry.acl, entry.submitter, entry.job.info.parent or "")
        if job_id in self._stored:
            return self._stored[job_id]
        commits = self._commits
        record = await self._store.one(JobRecord, id=job_id)
        rights = None if record is None else Rights(record.acl, record.submitter, record.job.info.parent or "")
        if commits == self._commits:  # else the job may have been changed since it was read
            self._stored[job_id] = rights
            while len(self._stored) > MOST:
                del self._stored[next(iter(self._stored))]
        return rights
