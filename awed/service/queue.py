"""The verbs for the queue as a whole, durable."""

from collections.abc import Iterable

from awed.model.job import Job
from awed.scheduler.counts import QueueCounts, Tally
from awed.scheduler.queue import Queued
from awed.service.shell import Shell


class QueueVerbs(Shell):
    """Count, suspend, resume."""

    def counts(self) -> QueueCounts:
        return self._scheduler.counts()

    @property
    def tally(self) -> Tally:
        """What happened since the start."""
        return self._scheduler.tally

    def queued(self) -> Iterable[Queued]:
        """The queued work by what it asks of a client."""
        return self._scheduler.queued()

    @property
    def waiting_clients(self) -> int:
        return len(self._waiting)

    @property
    def queue_suspended(self) -> bool:
        return self._scheduler.queue_suspended

    def held_jobs(self) -> list[Job]:
        """The unfinished jobs, with their tasks."""
        jobs = self._scheduler.jobs
        return [jobs.get(job_id).job for job_id in self._scheduler.job_ids]

    async def suspend_queue(self) -> None:
        self._scheduler.suspend_queue(self._now())
        await self._settle()

    async def resume_queue(self) -> None:
        self._scheduler.resume_queue(self._now())
        await self._settle()
