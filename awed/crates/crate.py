"""The entities of a crate. A job of one task is told by the Process Run Crate profile; a workflow, which is a job of
several or the run of a workflow with its steps, by the Provenance Run Crate profile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote

from awed import __version__
from awed.crates.runs import Run, command_of, done_ranks, failed_runs, status_of, times_of, title_of, usage_of
from awed.crates.terms import (
    COMPLETED,
    COMPUTATIONAL_WORKFLOW,
    CRATE,
    DOCUMENT,
    FAILED,
    METADATA,
    PROFILES,
    PROVENANCE,
    README,
    WORKFLOW_CRATE,
    Entity,
    given,
    iso,
    local,
    ref,
    refs,
)
from awed.crates.things import (
    Part,
    Tool,
    file_entity,
    image_entity,
    image_id,
    images_of,
    temporary_nodes,
    tool_of,
    variables_of,
)
from awed.model.access import PUBLIC
from awed.model.ids import work_id
from awed.model.job import IO, Job, Task
from awed.model.node import NodeFile
from awed.model.states import JobState
from awed.model.times import NO_TIME
from awed.model.work import PerfRecord

_OWNER, _LICENSE, _LANGUAGE, _RUN = "#owner", "#license", "#language", "#run"

_CWL = {"name": "Common Workflow Language", "alternateName": "CWL", "url": "https://www.commonwl.org/"}

_IN_URLS = "%/:?#[]@!$&'()*+,;=~"
"""What stands in URLs as it is."""

_NO_LICENSE = "No license was stated. The owner of the job can tell."


class Site(NamedTuple):
    """The server that makes a crate: its address and its title; and the time of making."""

    base: str
    title: str
    now: datetime


class _Ran(NamedTuple):
    """Which runs of a task are told: those of these *ranks* that went well, and the ids of others."""

    taskid: str
    ranks: Sequence[int]
    failed: tuple[str, ...]

    def ids(self) -> Iterator[str]:
        yield from (local(work_id(self.taskid, rank)) for rank in self.ranks)
        yield from self.failed


class Crate:
    """The entities of one crate in the order in which they are made: :meth:`begin`, for each task :meth:`task` and
    :meth:`run` for each of its runs, at last :meth:`end`, which names the others.

    *job* must have ended or be suspended. *owner*: the name of its owner. Ids of what is on the server are addresses,
    as the profiles recommend for software and workflows: so the workflow of a crate is the job at its address, and
    the document in the crate a copy of it. *workflow*: the file of which *job* is a run, at its address.
    """

    def __init__(self, job: Job, owner: str, site: Site, workflow: IO | None = None) -> None:
        self._job = job
        self._owner = owner
        self._site = site
        self._workflow = workflow
        self.is_workflow = workflow is not None or len(job.tasks) > 1
        self._url = f"{site.base}/job/{job.id}"
        self._main = workflow.address if workflow else self._url
        self._engine = f"{site.base}/#awed"
        self._tools: dict[Tool, str] = {}
        self._used_tools: dict[str, None] = {}
        self._images: set[str] = set()
        self._files: dict[str, bool] = {}  # by id, whether a task of the job made it
        self._steps: dict[str, None] = {}
        self._ran: list[_Ran] = []
        self._copies = [DOCUMENT, README]
        has_ended = job.state is not JobState.SUSPEND
        self._deleted = set(temporary_nodes(job.tasks)) if has_ended else set()

    def begin(self) -> Iterator[Entity]:
        """What does not depend on the tasks."""
        site, job = self._site, self._job
        conforms = refs([CRATE, WORKFLOW_CRATE] if self.is_workflow else [CRATE])
        yield {"@id": METADATA, "@type": "CreativeWork", "about": ref("./"), "conformsTo": conforms}
        yield {"@id": f"{site.base}/", "@type": "Organization", "name": site.title, "url": f"{site.base}/"}
        unnamed = "It was submitted without a name." if self._owner == PUBLIC else ""
        yield given({"@id": _OWNER, "@type": "Person", "name": self._owner, "description": unnamed})
        yield {"@id": _LICENSE, "@type": "CreativeWork", "name": str(job.info.userattr.get("license") or _NO_LICENSE)}
        yield self._software(self._engine, "awed", __version__)
        copy = {"@id": DOCUMENT, "@type": "File", "name": f"The document of job {job.id}, as {self._url} showed it"}
        yield {**copy, "encodingFormat": "application/json"}
        readme = {"@id": README, "@type": "File", "name": "What this crate is"}
        yield {**readme, "encodingFormat": "text/markdown", "about": ref("./")}

    def readme(self) -> str:
        """What the crate says of itself to people."""
        return (
            f"# {self._name}\n\n{self._told()}\n\n"
            f"This is an RO-Crate (https://w3id.org/ro/crate), made by awed {__version__} at {iso(self._site.now)}.\n"
            f"{METADATA} says what ran, when and for whom, with commands, files and how it ended;\n"
            f"{DOCUMENT} is the job's document. Files are named by their addresses unless they are in the crate.\n"
        )

    def is_new(self, io: IO) -> bool:
        """Whether the file has no entity yet."""
        return self._id_of(io) not in self._files

    def copied(self, path: str) -> Entity:
        """The entity of the workflow's file, if there is a copy of it at *path* in the crate."""
        self._copies.append(quote(path))
        name = f"The workflow, as {self._main} showed it"
        return {"@id": self._copies[-1], "@type": "File", "name": name, "encodingFormat": "text/plain"}

    def task(self, part: Part, known: Mapping[str, NodeFile]) -> Iterator[Entity]:
        """The entities of a task without its runs. *known*: what the nodes say of its new files, by their ids."""
        task, tool = part.task, tool_of(part)
        if tool not in self._tools:
            tool_id = f"{self._url}{local(f'tool/{len(self._tools) + 1}/{tool.name}')}"
            self._tools[tool] = tool_id
            yield tool.entity(tool_id, f"{self._site.base}/job/{part.job.id}")
        for image in images_of(task):
            if image not in self._images:
                self._images.add(image)
                yield image_entity(image)
        for name, value in variables_of(task).items():
            yield {"@id": _variable(task, name), "@type": "PropertyValue", "name": name, "value": value}
        yield from self.files(part, known)
        step = self._step(part)
        if self.is_workflow and step not in self._steps:
            self._steps[step] = None
            yield {"@id": step, "@type": "HowToStep", "name": part.step, "workExample": ref(self._tools[tool])}
        failed = tuple(run.id for run in failed_runs(task))
        if (ranks := done_ranks(task)) or failed:
            self._used_tools[self._tools[tool]] = None
            self._ran.append(_Ran(task.taskid, ranks, failed))

    def files(self, part: Part, known: Mapping[str, NodeFile]) -> Iterator[Entity]:
        """The entities of the files of a task that have none yet. *known*: as in :meth:`task`."""
        for is_made, files in ((False, part.read), (True, part.made)):
            for io in files:
                yield from self._file(io, is_made, known.get(io.node))

    def run(self, part: Part, run: Run, perf: PerfRecord | None) -> Iterator[Entity]:
        """The entities of a *run* of a task. *perf*: its performance record, if there is one."""
        task = part.task
        used = list(usage_of(run, perf, self._site.base))
        results = list(dict.fromkeys(map(self._id_of, part.made))) if run.is_done else []
        again = f"\n(not run: the result of {task.reused[0]}, which is equal, was used)" if task.reused else ""
        yield given(
            {
                "@id": run.id,
                "@type": "CreateAction" if results else "ActivateAction",
                "name": f"{self._name}: {title_of(part.step, task, run)}",
                "description": command_of(task) + again,
                "instrument": ref(self._tools[tool_of(part)]),
                "agent": ref(_OWNER),
                **times_of(task, run, perf),
                **status_of(run),
                "object": refs(dict.fromkeys(map(self._id_of, part.read))),
                "result": refs(results),
                "containerImage": refs(map(image_id, images_of(task))),
                "environment": refs(_variable(task, name) for name in variables_of(task)),
                "resourceUsage": refs(one["@id"] for one in used),
            }
        )
        yield from used
        if self.is_workflow:
            control = {"@id": _control(run.id), "@type": "ControlAction", "name": title_of(part.step, task, run)}
            yield {**control, "instrument": ref(self._step(part)), "object": ref(run.id), **status_of(run)}

    def end(self, workers: Iterable[str], size: int) -> Iterator[Entity]:
        """What names the others. *workers*: versions of the workers that ran the job, as far as they are known.
        *size*: bytes of the job as its address shows it."""
        engines = [self._engine]
        for version in workers:
            engines.append(f"{self._site.base}/{local(f'awe-worker/{version}')}")
            yield self._software(engines[-1], "awe-worker", version)
        profiles = list(PROFILES)[:1]
        if self.is_workflow:
            profiles = [one for one in PROFILES if one != PROVENANCE or self._ran]
            yield from self._orchestration(engines, size)
        for one in profiles:
            name, version = PROFILES[one]
            yield {"@id": one, "@type": "CreativeWork", "name": name, "version": version}
        yield self._root(profiles, engines)

    @property
    def _name(self) -> str:
        return self._job.info.name or self._job.id

    def _root(self, profiles: Iterable[str], engines: Iterable[str]) -> Entity:
        job, site = self._job, self._site
        own = [self._main, *self._copies] if self.is_workflow else self._copies
        return given(
            {
                "@id": "./",
                "@type": "Dataset",
                "name": self._name,
                "description": f"{job.info.description} {self._told()}".lstrip(),
                "identifier": job.id,
                "datePublished": iso(site.now),
                "license": ref(_LICENSE),
                "author": ref(f"{site.base}/"),
                "publisher": ref(f"{site.base}/"),
                "conformsTo": refs(profiles),
                "hasPart": refs(chain(own, (one for one in self._files if not one.startswith("#")))),
                "mainEntity": ref(self._main) if self.is_workflow else None,
                "mentions": refs(chain([_RUN] if self.is_workflow else [], self._run_ids(), engines)),
            }
        )

    def _told(self) -> str:
        job, site = self._job, self._site
        return f"What job {job.id} of {site.title} ({site.base}) ran, and what became of it: {job.state}."

    def _run_ids(self) -> Iterator[str]:
        return chain.from_iterable(ran.ids() for ran in self._ran)

    def _orchestration(self, engines: Sequence[str], size: int) -> Iterator[Entity]:
        """The workflow, its run as a whole, and the work of the server."""
        job, workflow = self._job, self._workflow
        yield {"@id": _LANGUAGE, "@type": "ComputerLanguage", **(_CWL if workflow else self._awe)}
        yield given(
            {
                "@id": self._main,
                "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
                "name": workflow.filename if workflow else self._name,
                "encodingFormat": "text/plain" if workflow else "application/json",
                "contentSize": str(size),
                "sdDatePublished": iso(self._site.now),
                "url": self._main,
                "version": iso(job.info.submittime),
                "programmingLanguage": ref(_LANGUAGE),
                "conformsTo": ref(COMPUTATIONAL_WORKFLOW),
                "hasPart": refs(self._used_tools),
                "step": refs(self._steps),
            }
        )
        completed = job.info.completedtime
        times = {
            "startTime": iso(job.info.startedtime),
            "endTime": iso(completed if completed != NO_TIME else job.updatetime),
        }
        results = refs(one for one, is_made in self._files.items() if is_made)
        yield given(
            {
                "@id": _RUN,
                "@type": "CreateAction" if results else "ActivateAction",
                "name": self._name,
                "description": f"Job {job.id}, submitted at {iso(job.info.submittime)}",
                "instrument": ref(self._main),
                "agent": ref(_OWNER),
                **times,
                **_outcome(job),
                "object": refs(one for one, is_made in self._files.items() if not is_made),
                "result": results,
            }
        )
        if self._ran:
            organize = {"@id": "#organize", "@type": "OrganizeAction", "name": f"awed {__version__}", **times}
            controls = refs(map(_control, self._run_ids()))
            parts = {"instrument": refs(engines), "object": controls, "result": ref(_RUN)}
            yield given({**organize, "agent": ref(_OWNER), **parts})

    def _software(self, entity_id: str, name: str, version: str) -> Entity:
        named = {"name": name, "softwareVersion": version, "url": f"{self._site.base}/"}
        return {"@id": entity_id, "@type": "SoftwareApplication", **named}

    @property
    def _awe(self) -> Entity:
        return {"name": "AWE job document", "url": f"{self._site.base}/openapi.json"}

    def _step(self, part: Part) -> str:
        return f"{self._main}#{quote(part.step)}"

    def _file(self, io: IO, is_made: bool, known: NodeFile | None) -> Iterator[Entity]:
        """The entity of a file, unless there is one. What any task made is made by the job."""
        file_id = self._id_of(io)
        if file_id == self._main:
            return
        is_new = file_id not in self._files
        self._files[file_id] = is_made or self._files.get(file_id, False)
        if is_new:
            yield file_entity(file_id, io, known, iso(self._site.now))

    def _id_of(self, io: IO) -> str:
        """What a file is called in the crate: its address, or a name if it was deleted with the end of the job."""
        return local(f"deleted/{io.node}") if io.node in self._deleted else quote(io.address, safe=_IN_URLS)


def _outcome(job: Job) -> Entity:
    """Whether *job* went well, and why not."""
    if job.state is JobState.COMPLETED:
        return {"actionStatus": COMPLETED}
    said = (job.error.servernotes, job.error.worknotes, job.error.apperror) if job.error else ()
    return {"actionStatus": FAILED, "error": "\n".join(filter(None, said)) or job.notes or job.state}


def _variable(task: Task, name: str) -> str:
    return local(f"{task.taskid}/environment/{name}")


def _control(run_id: str) -> str:
    return f"{run_id}/step"
