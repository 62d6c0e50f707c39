"""``GET /job/ID?crate``: a run crate, put together of the job, its records and its nodes while it is sent."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated

from msgspec.structs import replace

from awed.api.context import Context
from awed.api.hosts import shown_outputs, shown_task
from awed.api.job_views import whole
from awed.auth.rights import reader
from awed.crates.crate import Crate
from awed.crates.runs import runs_of
from awed.crates.terms import CONTEXT, DOCUMENT, METADATA, README, Entity
from awed.crates.things import Part, part_of, workflow_of
from awed.crates.whole import Site, readme
from awed.model.errors import ClientNotFound, Invalid, NodeNotFound, Unauthorized
from awed.model.ids import WorkId, task_name
from awed.model.job import OWN_HOST, Job, Task
from awed.model.node import NodeFile
from awed.model.records import JobRecord
from awed.model.states import ACTIVE
from awed.model.tes import OutputLog
from awed.model.work import PerfRecord
from awed.nodes.packing import Archive
from awed.store.interface import JobQuery
from awed.tx.files import Pieces
from awed.tx.turns import each
from awed.web.calls import Call
from awed.web.download import send_pieces
from awed.web.streaming import batches, listed, pieces
from awed.web.traits import in_envelope
from awed.workflow.cwl import LARGEST

ZIP = "application/zip"

Zip = Annotated[bytes, ZIP]
"""The return type of a handler that answers with a zip archive."""


async def send_crate(context: Context, call: Call[JobRecord]) -> Zip:
    """Answer with the crate of a job. Raises :class:`~awed.model.errors.Invalid` for one that is still to run."""
    job = call.thing.job
    if job.state in ACTIVE:
        raise Invalid(f"job {job.id} is {job.state}: there is a crate when it has ended, or is suspended")
    gathered = Gathered(context, call)
    copies = await gathered.copies()
    files = {
        METADATA: pieces({"@context": CONTEXT, "@graph": listed(gathered.entities(copies))}),
        DOCUMENT: pieces(whole(job, gathered.base)),
        README: each([readme(job, gathered.site).encode()]),
        **{path: each([content]) for path, content in copies.items()},
    }
    return await send_pieces(call.request, _zipped(context, files, gathered.now), f"{job.id}.crate.zip", ZIP)


async def _zipped(context: Context, files: Mapping[str, AsyncIterator[bytes]], now: datetime) -> AsyncIterator[bytes]:
    """A zip archive of *files*, by name. It is packed in threads."""
    archive = Archive()
    try:
        for name, parts in files.items():
            await context.in_thread(archive.begin, name, now)
            async for batch in batches(context.turns(parts)):
                yield await context.in_thread(archive.packed, batch)
        yield await context.in_thread(archive.finish)
    finally:
        archive.close()


class Gathered:
    """The entities of the crate of a job, with what the caller may see of steps, nodes and workers."""

    def __init__(self, context: Context, call: Call[JobRecord]) -> None:
        self._context = context
        self._user = call.user
        self._job = call.thing.job
        self.base = context.hosts.base(call.request)
        self.now = context.now()
        self._workflow = workflow_of(self._job)
        shown = self._workflow and workflow_of(replace(self._job, tasks=[shown_task(self._job.tasks[0], self.base)]))
        self.site = Site(self.base, context.about.title, self.now)
        self.crate = Crate(self._job, call.thing.acl.owner, self.site, shown)
        self._workers: dict[str, str] = {}  # by id, the version of each that is known

    async def copies(self) -> dict[str, bytes]:
        """The file with the workflow of a run, by its path in the crate, if the caller may read it."""
        if self._workflow is None or self._workflow.host != OWN_HOST:
            return {}
        try:
            node, slices = await self._context.nodes.content(self._workflow.node, self._user)
        except (NodeNotFound, Unauthorized):
            return {}
        if node.file.size > LARGEST:
            return {}
        return {f"workflow/{self._workflow.filename}": await self._context.in_thread(b"".join, Pieces(slices))}

    async def entities(self, copies: Iterable[str]) -> AsyncIterator[Entity]:
        """The entities, made one by one. *copies*: paths of files in the crate."""
        for entity in (*self.crate.begin(), *map(self.crate.copied, copies)):
            yield entity
        if self._workflow is not None:
            part = await self._part(self._job, self._job.tasks[0])
            for entity in self.crate.files(part, await self._known(part)):
                yield entity
        async for job in self._jobs():
            async for entity in self._tasks(job):
                yield entity
        size = await self._size() if self.crate.is_workflow else 0
        for entity in self.crate.end(sorted(filter(None, set(self._workers.values()))), size):
            yield entity

    async def _jobs(self) -> AsyncIterator[Job]:
        """The jobs whose tasks are told: this one or, of a run, its steps, the oldest first."""
        if self._workflow is None:
            yield self._job
            return
        fields, may_read = {"info.parent": [self._job.id]}, reader(self._user)
        steps = JobQuery(fields=fields, reader=may_read, order="info.submittime", descending=False, limit=0)
        jobs, _ = await self._context.engine.jobs.page(steps)
        async for job in jobs:
            yield job

    async def _size(self) -> int:
        """Bytes of the workflow at its address: of its file, or of the job as it is shown."""
        if self._workflow is not None:
            return self._workflow.size
        size = 0
        async for piece in self._context.turns(pieces(in_envelope(whole(self._job, self.base)))):
            size += len(piece)
        return size

    async def _tasks(self, job: Job) -> AsyncIterator[Entity]:
        """The entities of the tasks of *job* and of their runs."""
        tasks = iter(job.tasks)
        async for perfs in await self._context.engine.jobs.perfs_by_task(job):
            part = await self._part(job, next(tasks))
            for entity in self.crate.task(part, await self._known(part)):
                yield entity
            async for entity in self._runs(part, perfs):
                yield entity

    async def _part(self, job: Job, task: Task) -> Part:
        brought: list[OutputLog] = []
        if task.tes:
            report = await self._context.engine.work.reported(WorkId(job.id, task_name(task.taskid), 0))
            brought = report.tes.outputs if report and report.tes else []
        return part_of(job, shown_task(task, self.base), shown_outputs(brought, self.base), self.base)

    async def _known(self, part: Part) -> dict[str, NodeFile]:
        """What own nodes say of the files of a part, as far as the caller may read them and they are still there."""
        known = {}
        for io in (*part.read, *part.made):
            if io.host == self.base and self.crate.is_new(io):
                with suppress(NodeNotFound, Unauthorized):
                    known[io.node] = (await self._context.nodes.get(io.node, self._user)).file
        return known

    async def _runs(self, part: Part, perfs: AsyncIterator[PerfRecord]) -> AsyncIterator[Entity]:
        """The entities of the runs of a task. *perfs*: the records that workers left, also in the order of ranks."""
        perf = await anext(perfs, None)
        for run in runs_of(part.task):
            while perf is not None and run.is_done and perf.rank < run.rank:
                perf = await anext(perfs, None)
            its = perf if perf is not None and run.is_done and perf.rank == run.rank else None
            self._met(its)
            for entity in self.crate.run(part, run, its):
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
