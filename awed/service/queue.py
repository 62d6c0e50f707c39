"""The scheduler's verbs for the queue as a whole, made durable."""

from collections.abc import Iterable

from awed.scheduler.counts import QueueCounts, Tally
from awed.scheduler.queue import Queued
from awed.service.shell import Shell


class QueueVerbs:
    """Count, suspend and resume the queue."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def counts(self) -> QueueCounts:
        """The counts of jobs, tasks, workunits and clients, named as in the original."""
        return self._shell.scheduler.counts.view()

    def states(self) -> dict[str, dict[str, int]]:
        """The numbers of jobs, tasks, workunits and clients by state."""
        return self._shell.scheduler.counts.states()

    @property
    def tally(self) -> Tally:
        """The counts of what happened since the start."""
        return self._shell.scheduler.tally

    def queued(self) -> Iterable[Queued]:
        """The queued work, by what it asks of a client."""
        return self._shell.scheduler.queued()

    @property
    def waiting_clients(self) -> int:
        """How many clients are waiting for work."""
        return len(self._shell.waiting)

    @property
    def is_suspended(self) -> bool:
        """Whether no work is handed out."""
        return self._shell.scheduler.queue_suspended

    async def suspend(self) -> None:
        """Hand out no work until :meth:`resume`, also after a restart."""
        self._shell.scheduler.suspend_queue(self._shell.now())
        await self._shell.settle()

    async def resume(self) -> None:
        """Hand out work again."""
        self._shell.scheduler.resume_queue(self._shell.now())
        await self._shell.settle()
