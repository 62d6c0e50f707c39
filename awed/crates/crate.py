"""The entities of a crate. A job of one task is told by the Process Run Crate profile; a workflow, which is a job of
several or the run of a workflow with its steps, by the Provenance Run Crate profile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote

from awed import __version__
from awed.crates.runs import Run, command_of, done_ranks, failed_runs, status_of, times_of, title_of, usage_of
from awed.crates.terms import (
    COMPUTATIONAL_WORKFLOW,
    DOCUMENT,
    PROFILES,
    PROVENANCE,
    README,
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
from awed.crates.whole import LANGUAGE, LICENSE, OWNER, Site, name_of, outcome_of, setting, span_of, told_of
from awed.model.ids import work_id
from awed.model.job import IO, Job, Task
from awed.model.node import NodeFile
from awed.model.states import JobState
from awed.model.work import PerfRecord

_RUN = "#run"

_IN_URLS = "%/:?#[]@!$&'()*+,;=~"
"""What stands in URLs as it is."""


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
        return setting(self._job, self._owner, self._site, self.is_workflow)

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
                "name": f"{name_of(self._job)}: {title_of(part.step, task, run)}",
                "description": command_of(task) + again,
                "instrument": ref(self._tools[tool_of(part)]),
                "agent": ref(OWNER),
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
        engines = [self._site.engine]
        for version in workers:
            engines.append(f"{self._site.base}/{local(f'awe-worker/{version}')}")
            yield self._site.software(engines[-1], "awe-worker", version)
        profiles = list(PROFILES)[:1]
        if self.is_workflow:
            profiles = [one for one in PROFILES if one != PROVENANCE or self._ran]
            yield from self._orchestration(engines, size)
        for one in profiles:
            name, version = PROFILES[one]
            yield {"@id": one, "@type": "CreativeWork", "name": name, "version": version}
        yield self._root(profiles, engines)

    def _root(self, profiles: Iterable[str], engines: Iterable[str]) -> Entity:
        job, site = self._job, self._site
        own = [self._main, *self._copies] if self.is_workflow else self._copies
        return given(
            {
                "@id": "./",
                "@type": "Dataset",
                "name": name_of(self._job),
                "description": f"{job.info.description} {told_of(job, site)}".lstrip(),
                "identifier": job.id,
                "datePublished": iso(site.now),
                "license": ref(LICENSE),
                "author": ref(f"{site.base}/"),
                "publisher": ref(f"{site.base}/"),
                "conformsTo": refs(profiles),
                "hasPart": refs(chain(own, (one for one in self._files if not one.startswith("#")))),
                "mainEntity": ref(self._main) if self.is_workflow else None,
                "mentions": refs(chain([_RUN] if self.is_workflow else [], self._run_ids(), engines)),
            }
        )

    def _run_ids(self) -> Iterator[str]:
        return chain.from_iterable(ran.ids() for ran in self._ran)

    def _orchestration(self, engines: Sequence[str], size: int) -> Iterator[Entity]:
        """The workflow, its run as a whole, and the work of the server."""
        job, workflow = self._job, self._workflow
        yield self._site.language(is_cwl=workflow is not None)
        yield given(
            {
                "@id": self._main,
                "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
                "name": workflow.filename if workflow else name_of(self._job),
                "encodingFormat": "text/plain" if workflow else "application/json",
                "contentSize": str(size),
                "sdDatePublished": iso(self._site.now),
                "url": self._main,
                "version": iso(job.info.submittime),
                "programmingLanguage": ref(LANGUAGE),
                "conformsTo": ref(COMPUTATIONAL_WORKFLOW),
                "hasPart": refs(self._used_tools),
                "step": refs(self._steps),
            }
        )
        results = refs(one for one, is_made in self._files.items() if is_made)
        yield given(
            {
                "@id": _RUN,
                "@type": "CreateAction" if results else "ActivateAction",
                "name": name_of(self._job),
                "description": f"Job {job.id}, submitted at {iso(job.info.submittime)}",
                "instrument": ref(self._main),
                "agent": ref(OWNER),
                **span_of(job),
                **outcome_of(job),
                "object": refs(one for one, is_made in self._files.items() if not is_made),
                "result": results,
            }
        )
        if self._ran:
            organize = {"@id": "#organize", "@type": "OrganizeAction", "name": f"awed {__version__}", **span_of(job)}
            controls = refs(map(_control, self._run_ids()))
            parts = {"instrument": refs(engines), "object": controls, "result": ref(_RUN)}
            yield given({**organize, "agent": ref(OWNER), **parts})

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


def _variable(task: Task, name: str) -> str:
    return local(f"{task.taskid}/environment/{name}")


def _control(run_id: str) -> str:
    return f"{run_id}/step"
