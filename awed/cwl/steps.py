"""The steps that are out: posted as tasks, awaited all together, their outputs collected."""

import json
from collections import Counter
from hashlib import sha256
from itertools import count
from time import monotonic
from typing import Any
from urllib.parse import quote

from cwltool.context import RuntimeContext
from cwltool.errors import UnsupportedRequirement, WorkflowException
from cwltool.loghandler import _logger as log
from schema_salad.exceptions import ValidationException

from awed.client import events as feed
from awed.client import jobs, tes
from awed.client.blocking import Server
from awed.client.calls import Call
from awed.cwl.access import Access, Listing
from awed.cwl.task import Setting, task_of
from awed.cwl.tool import Step
from awed.model.errors import AwedError, Conflict, Gone
from awed.model.feed import Subject
from awed.model.states import ACTIVE
from awed.model.tes import CWL_STEP

_SILENCE = 15.0
"""Seconds without the end of a step after which it is said why a step waits."""

_PAGE = 500
"""Steps of an earlier runner that are asked for at a time."""

_GOOD = (*tes.UNENDED, tes.COMPLETE)
"""The states of tasks that need not be made anew."""

_EARLIER = 3
"""How many equal tasks are looked at."""

_LAST_LINES = 20
"""Lines of a failed step's stderr that are shown."""

SUCCESS, TEMPORARY_FAIL, PERMANENT_FAIL = "success", "temporaryFail", "permanentFail"


class Steps:
    """The steps of the run *run_id*: with the same id the same steps are found, whatever became of the runner."""

    def __init__(self, server: Server, access: Access, setting: Setting, run_id: str) -> None:
        self._server = server
        self._access = access
        self._setting = setting
        self._run_id = run_id
        self._equal: Counter[str] = Counter()
        self._out: dict[str, Step] = {}
        self._said: set[str] = set()
        self._moved = monotonic()
        self._posting: Call[tes.Created] | None = None
        ask = server.persist if setting.parent else server.ask  # who has mistyped the address is to hear of it
        self._heard = ask(feed.events(None)).last
        self._before = self._steps_before() if setting.parent else {}

    @property
    def are_out(self) -> bool:
        return bool(self._out)

    def begin(self, step: Step, context: RuntimeContext) -> None:
        """Have a step run. One that cannot be posted has failed."""
        try:
            document = task_of(step, self._setting, self._access.address)
            if context.secret_store and context.secret_store.has_secret(document):
                raise UnsupportedRequirement(f"{step.label}: a secret would be in its task, which others may read")
            earlier = self._earlier(step, document["tags"][CWL_STEP])
            if earlier is not None:
                log.info("step %s has the result of job %s", step.name, earlier.id)
                self._collect(step, earlier)
                return
            body = json.dumps(document, ensure_ascii=False).encode()  # msgspec takes no strings of ruamel.yaml
            digest = sha256(body).hexdigest()
            number = self._equal[digest]
            self._equal[digest] += 1
            if not self._adopt(step, document["tags"][CWL_STEP]):
                self._post(step, body, f"{self._run_id} {digest} {number}")
        except (Conflict, UnsupportedRequirement):
            raise
        except (AwedError, OSError, ValueError, WorkflowException) as error:  # ValueError: a name that is not UTF-8
            self._posting = None
            log.error("step %s cannot be run: %s", step.name, error)
            self._end(step, {}, PERMANENT_FAIL)

    def wait(self) -> None:
        """Wait until something happens to a job of the user, and take what is done of the steps."""
        left = max(1.0, self._moved + _SILENCE - monotonic())
        call = feed.events(self._heard, kinds=[Subject.JOB], wait=left)
        try:
            heard = self._server.persist(call)
            ended = {event.job for event in heard.events if event.state not in ACTIVE}
        except Gone:  # this program slept for longer than events are kept
            heard, ended = self._server.persist(feed.events(None)), set(self._out)
        self._heard = heard.last
        for job_id in ended & self._out.keys():
            self._look(job_id)
            self._moved = monotonic()
        if self._out and monotonic() - self._moved >= _SILENCE:
            self._say_why()
            self._moved = monotonic()

    def _say_why(self) -> None:
        """Say why the step that was posted first does not run, if it does not, unless that was said before."""
        job_id, step = next(iter(self._out.items()))
        for task in self._server.persist(jobs.explained(job_id)).tasks:
            if task.why not in self._said:
                self._said.add(task.why)
                log.warning("step %s (job %s) %s", step.name, job_id, task.why)

    def cancel(self) -> None:
        """Cancel all that are out, and one of which it is not known whether it is."""
        try:
            for job_id in [*self._out, *([self._server.ask(self._posting).id] if self._posting else [])]:
                self._server.ask(tes.cancel(job_id))
        except AwedError as error:
            log.warning("not all steps are cancelled: %s", error)
        self._out.clear()

    def _earlier(self, step: Step, digest: str) -> tes.Task | None:
        """An equal task of the user's that is done and of which all outputs are still there, if that will do."""
        said, _ = step.get_requirement("WorkReuse")
        if not self._setting.reuse or (said and not said["enableReuse"]):
            return None
        for job_id in self._server.persist(jobs.marked(CWL_STEP, digest, _EARLIER)):
            found = self._server.persist(tes.task(job_id))
            if all(one.path.endswith("/") or self._access.exists(one.url) for one in found.log.outputs):
                return found
        return None

    def _steps_before(self) -> dict[str, list[str]]:
        """The jobs of the run that an earlier runner made, by their mark: keys are forgotten after some days."""
        found: dict[str, list[str]] = {}
        offset = 0
        while page := self._server.persist(jobs.steps(self._setting.parent, offset, _PAGE)):
            offset += len(page)
            for job in page:
                found.setdefault(job.info.userattr.get(CWL_STEP, ""), []).append(job.id)
        return found

    def _adopt(self, step: Step, mark: str) -> bool:
        """Whether an earlier runner has made the step, and it has not failed."""
        before = self._before.get(mark, [])
        while before:
            job_id = before.pop(0)
            if self._server.persist(tes.task(job_id)).state in _GOOD:
                self._take(step, job_id)
                self._look(job_id)
                return True
        return False

    def _take(self, step: Step, job_id: str) -> None:
        self._out[job_id], self._posting = step, None
        log.info("step %s is job %s", step.name, job_id)

    def _post(self, step: Step, body: bytes, key: str) -> None:
        """Make the task, or find the one that an earlier runner made. One that had failed is made anew."""
        for again in count():
            self._posting = tes.create(body, sha256(f"{key} {again}".encode()).hexdigest())
            created = self._server.persist(self._posting)
            if not created.is_known:
                break
            if self._server.persist(tes.task(created.id)).state in _GOOD:
                break
        self._take(step, created.id)
        if created.is_known:
            self._look(created.id)

    def _look(self, job_id: str) -> None:
        """Take a step whose task has ended."""
        task = self._server.persist(tes.task(job_id))
        if task.state in tes.UNENDED:
            return
        step, run = self._out.pop(job_id), task.log
        if task.state == tes.COMPLETE:
            self._collect(step, task)
            return
        exit_code = run.logs[-1].exit_code if run.logs else 0
        why = f"exit status {exit_code}" if exit_code else f"{task.state}, {'; '.join(run.system_logs)}"
        log.error("step %s (job %s) failed: %s", step.name, job_id, why)
        for line in run.logs[-1].stderr.splitlines()[-_LAST_LINES:] if run.logs else ():
            log.error("%s | %s", step.name, line)
        self._end(step, {}, TEMPORARY_FAIL if exit_code in step.temporaryFailCodes else PERMANENT_FAIL)

    def _collect(self, step: Step, task: tes.Task) -> None:
        """Find the outputs of a step whose task is complete."""
        code = task.log.logs[-1].exit_code
        place = self._access.add(task.id, Listing(step.builder.outdir, task.log.outputs))
        if step.inplace_update:
            for source, target in step.writable():
                self._access.update(source, f"{place}/{quote(target)}")
        try:
            outputs = step.collect_outputs(place, code)
        except (AwedError, OSError, ValidationException, ValueError, WorkflowException) as error:
            log.error("step %s (job %s): its outputs are not what the tool says: %s", step.name, task.id, error)
            self._end(step, {}, PERMANENT_FAIL)
            return
        self._end(step, outputs, _status(step, code))

    def _end(self, step: Step, outputs: Any, status: str) -> None:
        log.info("step %s: %s", step.name, status)
        assert step.output_callback is not None
        step.output_callback(outputs, status)


def _status(step: Step, code: int) -> str:
    if code in step.successCodes:
        return SUCCESS
    if code in step.temporaryFailCodes:
        return TEMPORARY_FAIL
    return PERMANENT_FAIL if code or code in step.permanentFailCodes else SUCCESS
