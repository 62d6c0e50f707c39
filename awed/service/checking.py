"""Checks of a submission: whether it would be refused, and what it would wait for."""

from collections.abc import Collection, Mapping

from twisted.internet.defer import Deferred, TimeoutError, gatherResults

from awed.model.access import User
from awed.model.errors import AwedError, Conflict
from awed.model.job import IO, OWN_HOST
from awed.model.records import JobRecord
from awed.model.remarks import Remark
from awed.scheduler.entries import JobEntry
from awed.scheduler.jobs import entry_of
from awed.service.files import Access, DataToken
from awed.service.shell import Shell
from awed.workflow.faults import Place, shown
from awed.workflow.submission import Submission

MOST_NODES = 100
"""Nodes of a document that are checked."""

PATIENCE = 10.0
"""Seconds that checking the nodes of one data host may take."""

OWN_PATIENCE = 1.0
"""Seconds that checking nodes of the daemon's own store may take, for which a submission waits."""

Nodes = Mapping[Place, IO]
"""The nodes that a document reads, by their places in it."""


class CheckVerbs:
    """The checks. They change nothing."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def entry(self, submission: Submission, owner: User) -> JobEntry:
        """The entry that a valid submission of *owner* would have. To be given to :meth:`let_go`."""
        return await self._shell.in_thread(entry_of, submission, owner)

    def let_go(self, entry: JobEntry) -> None:
        """Free an entry."""
        self._shell.let_go(entry)

    async def refusals(self, entry: JobEntry, owner: User) -> list[Remark]:
        """Why a new job of *owner* would be refused: its id is taken, or a quota reached."""
        job_id = entry.job.id
        try:
            self._shell.scheduler.jobs.admit(entry, owner)
            if await self._shell.store.one(JobRecord, id=job_id) is not None:
                raise Conflict(f"job id {job_id} is known already")
        except AwedError as error:
            place = "id" if isinstance(error, Conflict) else "document"
            return [Remark(place, text) for text in error.texts]
        return []

    def unmet(self, entry: JobEntry) -> list[Remark]:
        """What the work needs and no registered worker has that may run it."""
        return self._shell.scheduler.reasons.unmet(entry, self._shell.now())

    def waits(self, job_id: str) -> list[Remark]:
        """The same of a job that was submitted. Without any registered worker, needs are not checked."""
        entry = self._shell.held(job_id) if self._shell.scheduler.has_clients else None
        return [] if entry is None else self.unmet(entry)

    async def unreadable(self, nodes: Nodes, owner: User, token: str, hosts: Collection[str]) -> list[Remark]:
        """Those of *nodes* that a job of *owner* could not read. *token*: its data token, for *hosts*."""
        access = Access(DataToken(token, {*hosts, *self._shell.data_hosts}), owner.name)
        return await self._unreadable(nodes, access, PATIENCE)

    async def warnings(self, submission: Submission, nodes: Nodes, owner: User) -> list[Remark]:
        """Warnings about a job that was submitted: unmet needs, and nodes in the daemon's own store that it cannot
        read.

        Nodes of other hosts are left to the preparation of tasks.
        """
        own = {place: io for place, io in nodes.items() if io.host == OWN_HOST}
        unmet = self.waits(submission.job.id)
        return [*unmet, *await self._unreadable(own, Access(DataToken(), owner.name), OWN_PATIENCE)]

    async def _unreadable(self, nodes: Nodes, access: Access, patience: float) -> list[Remark]:
        hosts: dict[str, dict[Place, IO]] = {}
        for place, io in list(nodes.items())[:MOST_NODES]:
            hosts.setdefault(io.host, {})[place] = io
        found: list[Remark] = []
        looks = (self._look(some, access, found, patience) for some in hosts.values())
        await gatherResults([Deferred.fromCoroutine(look) for look in looks])
        return sorted(found, key=lambda remark: remark.place)

    async def _look(self, nodes: Nodes, access: Access, found: list[Remark], patience: float) -> None:
        """Note those of *nodes*, all of one host, that cannot be read. *patience*: seconds for all together."""
        end = self._shell.reactor.seconds() + patience
        for place, io in nodes.items():
            left = end - self._shell.reactor.seconds()
            look = Deferred.fromCoroutine(self._shell.files.readable(io, access))
            try:
                await look.addTimeout(max(left, 0.0), self._shell.reactor)
            except AwedError as error:
                found.append(Remark(shown(place), f"node {io.node} cannot be read: {'; '.join(error.texts)}"))
            except TimeoutError:
                found.append(Remark(shown(place), f"its host did not say within {patience:g} s whether it is there"))
                return
