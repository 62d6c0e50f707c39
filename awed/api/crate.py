"""``GET /job/ID?crate``: a run crate, put together of the job, its records and its nodes while it is sent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated

from awed.api.context import Context
from awed.api.hosts import shown_task
from awed.api.job_views import whole
from awed.crates.crate import Crate, Site
from awed.crates.runs import runs_of
from awed.crates.terms import CONTEXT, DOCUMENT, METADATA, README, Entity
from awed.model.access import User
from awed.model.errors import ClientNotFound, Invalid, NodeNotFound, Unauthorized
from awed.model.job import Task
from awed.model.node import NodeFile
from awed.model.records import JobRecord
from awed.model.states import ACTIVE
from awed.model.work import PerfRecord
from awed.nodes.packing import Archive
from awed.tx.turns import each
from awed.web.calls import Call
from awed.web.download import send_pieces
from awed.web.streaming import batches, listed, pieces
from awed.web.traits import in_envelope

ZIP = "application/zip"

Zip = Annotated[bytes, ZIP]
"""The return type of a handler that answers with a zip archive."""


async def send_crate(context: Context, call: Call[JobRecord]) -> Zip:
    """Answer with the crate of a job. Raises :class:`~awed.model.errors.Invalid` for one that is still to run."""
    job = call.thing.job
    if job.state in ACTIVE:
        raise Invalid(f"job {job.id} is {job.state}: there is a crate when it has ended, or is suspended")
    gathered = Gathered(context, call)
    files = {
        METADATA: pieces({"@context": CONTEXT, "@graph": listed(gathered.entities())}),
        DOCUMENT: pieces(whole(job, gathered.base)),
        README: each([gathered.crate.readme().encode()]),
    }
    return await send_pieces(call.request, _zipped(context, files, gathered.now), f"{job.id}.crate.zip", ZIP)


async def _zipped(context: Context, files: Mapping[str, AsyncIterator[bytes]], now: datetime) -> AsyncIterator[bytes]:
    """A zip archive of *files*, by name. It is packed in threads."""
    archive = Archive()
    for name, parts in files.items():
        await context.in_thread(archive.begin, name, now)
        async for batch in batches(context.turns(parts)):
            yield await context.in_thread(archive.packed, batch)
    yield await context.in_thread(archive.finish)


class Gathered:
    """The entities of the crate of a job, with what the caller may see of nodes and workers."""

    def __init__(self, context: Context, call: Call[JobRecord]) -> None:
        self._context = context
        self._user: User = call.user
        self._job = call.thing.job
        self.base = context.hosts.base(call.request)
        self.now = context.now()
        self.crate = Crate(self._job, call.thing.acl.owner, Site(self.base, context.about.title, self.now))
        self._workers: dict[str, str] = {}  # by id, the version of each that is known

    async def entities(self) -> AsyncIterator[Entity]:
        """The entities, made one by one."""
        for entity in self.crate.begin():
            yield entity
        tasks = iter(self._job.tasks)
        async for perfs in await self._context.engine.jobs.perfs_by_task(self._job):
            task = shown_task(next(tasks), self.base)
            for entity in self.crate.task(task, await self._known(task)):
                yield entity
            async for entity in self._runs(task, perfs):
                yield entity
        size = await self._size() if self.crate.is_workflow else 0
        for entity in self.crate.end(sorted(filter(None, set(self._workers.values()))), size):
            yield entity

    async def _size(self) -> int:
        """Bytes of the job as its address shows it."""
        size = 0
        async for piece in self._context.turns(pieces(in_envelope(whole(self._job, self.base)))):
            size += len(piece)
        return size

    async def _known(self, task: Task) -> dict[str, NodeFile]:
        """What own nodes say of the files of *task*, as far as the caller may read them and they are still there."""
        known = {}
        for io in (*task.inputs, *task.predata, *task.outputs):
            if io.host == self.base and self.crate.is_new(io):
                with suppress(NodeNotFound, Unauthorized):
                    known[io.node] = (await self._context.nodes.get(io.node, self._user)).file
        return known

    async def _runs(self, task: Task, perfs: AsyncIterator[PerfRecord]) -> AsyncIterator[Entity]:
        """The entities of the runs of *task*. *perfs*: the records that workers left, also in the order of ranks."""
        perf = await anext(perfs, None)
        for run in runs_of(task):
            while perf is not None and run.is_done and perf.rank < run.rank:
                perf = await anext(perfs, None)
            its = perf if perf is not None and run.is_done and perf.rank == run.rank else None
            self._met(its)
            for entity in self.crate.run(task, run, its):
                yield entity

    def _met(self, perf: PerfRecord | None) -> None:
        """Note the version of the worker that ran it, if it is registered and the caller may see it."""
        told = perf.perf.get("client_id") if perf is not None and isinstance(perf.perf, dict) else None
        if not isinstance(told, str) or told in self._workers:
            return
        self._workers[told] = ""
        with suppress(ClientNotFound):
            client = self._context.engine.clients.get(told)
            if self._context.groups.acl(client.group).allows(self._user, "read"):
                self._workers[told] = client.version
