"""What a document would meet here, found without making a job of it."""

from collections.abc import Collection, Mapping

from twisted.internet.defer import Deferred, TimeoutError, gatherResults

from awed.model.access import User
from awed.model.errors import AwedError, Conflict
from awed.model.job import IO, OWN_HOST
from awed.model.remarks import Remark
from awed.scheduler.jobs import entry_of
from awed.service.files import Access, DataToken
from awed.service.shell import Shell
from awed.workflow.faults import Place, shown
from awed.workflow.submission import Submission

MOST_NODES = 100
"""How many nodes of a document are looked at."""

PATIENCE = 10.0
"""Seconds for which the data hosts are asked by a check."""

OWN_PATIENCE = 1.0
"""Seconds for which the daemon's own node store is asked while a submission waits for its answer."""

Nodes = Mapping[Place, IO]
"""The nodes that a document reads, by place."""


class CheckVerbs:
    """Looks ahead, and changes nothing."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def refusals(self, submission: Submission, owner: User) -> list[Remark]:
        """Why a submission of *owner* would be refused although it can be read."""
        job_id = submission.job.id
        try:
            self._shell.scheduler.jobs.admit(submission, owner)
            if await self._shell.store.job(job_id) is not None:
                raise Conflict(f"job id {job_id} is known already")
        except AwedError as error:
            place = "id" if isinstance(error, Conflict) else "document"
            return [Remark(place, text) for text in error.texts]
        return []

    def unmet(self, submission: Submission, owner: User) -> list[Remark]:
        """What no registered worker has that may have the work."""
        return self._shell.scheduler.reasons.unmet(entry_of(submission, owner))

    async def unreadable(self, nodes: Nodes, owner: User, token: str, hosts: Collection[str]) -> list[Remark]:
        """Which of these nodes a job of *owner* could not read, as the hosts say. *token*: its data token, which is
        shown to *hosts*."""
        access = Access(DataToken(token, {*hosts, *self._shell.data_hosts}), owner.name)
        return await self._unreadable(nodes, access, PATIENCE)

    async def warnings(self, submission: Submission, nodes: Nodes, owner: User) -> list[Remark]:
        """What is worth telling at once of a job that was taken in. Of other hosts' nodes its preparation tells; and
        where no worker is yet, they are still to come."""
        own = {place: io for place, io in nodes.items() if io.host == OWN_HOST}
        unmet = self.unmet(submission, owner) if self._shell.scheduler.has_clients else []
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
        """Look at nodes of one host, and note those that cannot be read. It gets so many seconds for all of them."""
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
