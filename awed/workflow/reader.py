"""Reads the documents of jobs: submissions, which are new jobs, and imports, which are finished ones."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, structs

from awed.model.errors import AwedError, TooLarge
from awed.model.ids import task_id
from awed.model.job import IO, Cmd, Environ, Info, Job, Task
from awed.model.states import JobState, TaskState
from awed.model.times import utc
from awed.workflow.decoding import PIECE, decode, let_go
from awed.workflow.dependencies import Dependencies
from awed.workflow.document import Files, FinishedJob, FinishedTask, SentCmd, SentJob, SentTask, entries
from awed.workflow.faults import Faults
from awed.workflow.files import check_files, check_paths
from awed.workflow.locations import Locator, named_hosts, take_passwords
from awed.workflow.names import check_job_id, check_names, check_parent, short_name
from awed.workflow.submission import Submission
from awed.workflow.values import LARGEST, check_info, check_notify, check_number, check_task


class DocumentLimits(Struct, frozen=True):
    """How many tasks a document may have, how many entries of ``dependsOn`` in all, and how many values of JSON."""

    tasks: int
    dependencies: int
    values: int = sys.maxsize

    def admit(self, body: bytes) -> None:
        """Raises :class:`~awed.model.errors.TooLarge` if *body* has too many values.

        To call before decoding: a decoded value takes up to a hundred times its bytes.
        """
        values = 0
        for first in range(0, len(body), PIECE):
            values += sum(body.count(mark, first, first + PIECE) for mark in (b"[", b"{", b","))
        if values > self.values:
            raise TooLarge(
                f"a job document may have about {self.values} values at this server (texts, numbers, lists and"
                f" objects), this one has about {values}"
            )

    def check(self, tasks: Sequence[SentTask]) -> None:
        """Raises :class:`~awed.model.errors.TooLarge` if *tasks* are too many, or have too many dependencies."""
        if len(tasks) > self.tasks:
            raise TooLarge(f"a job document may have {self.tasks} tasks at this server, this one has {len(tasks)}")
        dependencies = sum(len(task.depends_on) for task in tasks)
        if dependencies > self.dependencies:
            raise TooLarge(
                f"a job document may have {self.dependencies} entries of dependsOn at this server, this one has"
                f" {dependencies}"
            )


NO_LIMITS = DocumentLimits(sys.maxsize, sys.maxsize)


def read_submission(
    body: bytes,
    *,
    now: datetime,
    new_id: Callable[[], str],
    own_hosts: frozenset[str] = frozenset(),
    limits: DocumentLimits = NO_LIMITS,
) -> Submission:
    """The new job that the JSON document *body* describes.

    *new_id* makes the job's id if the document has none; *own_hosts* are the daemon's own addresses. Raises
    :class:`~awed.workflow.faults.Faulty` with all that is wrong with the document,
    :class:`~awed.model.errors.Invalid` for what is no JSON, and :class:`~awed.model.errors.TooLarge`.
    """
    return read_sent(body, now=now, new_id=new_id, own_hosts=own_hosts, limits=limits)[0]


def read_sent(
    body: bytes, *, now: datetime, new_id: Callable[[], str], own_hosts: frozenset[str], limits: DocumentLimits
) -> tuple[Submission, SentJob]:
    """As :func:`read_submission`, with the document as sent, but with locations and origins of files settled."""
    limits.admit(body)
    faults = Faults()
    sent = decode(body, SentJob, faults)
    with _let_go_if_refused(sent.tasks):
        limits.check(sent.tasks)
        if sent.id:
            check_job_id(sent.id, faults)
        if not sent.tasks:
            faults.add(("tasks",), "invalid job script: task list empty")
        check_info(sent.info, faults)
        check_parent(sent.info.parent, faults)
        check_notify(sent.info.notify, ("info", "notify"), faults)
        locator = Locator(sent.shockhost, own_hosts, faults)
        for number, task in enumerate(sent.tasks):
            locator.locate(task, ("tasks", number))
            check_paths(task, ("tasks", number), faults)
        job_id = sent.id or new_id()
        tasks = checked_tasks(job_id, sent.tasks, faults)
        faults.refuse_any()
    info = structs.asdict(sent.info)
    notify = info.pop("notify")
    passwords = {task.taskid: take_passwords((*task.inputs, *task.predata)) for task in tasks}
    job = Job(
        id=job_id,
        info=settled(Info(**info, submittime=now)),
        remaintasks=len(tasks),
        updatetime=now,
        shockhost=locator.shockhost,
        tasks=tasks,
    )
    secrets = zip(tasks, (task.cmd.environ.private for task in sent.tasks), strict=True)
    private_env = {task.taskid: private for task, private in secrets if private}
    passwords = {name: found for name, found in passwords.items() if found}
    told = None if notify is UNSET else notify
    return Submission(job, private_env, passwords, len(body), named_hosts(tasks), told), sent


@contextmanager
def _let_go_if_refused(tasks: list[Any]) -> Iterator[None]:
    """Context in which an error lets go of the *tasks* of a document: its traceback would keep them for a while."""
    try:
        yield
    except AwedError:
        let_go(tasks)
        raise


def read_import(body: bytes, *, now: datetime, limits: DocumentLimits = NO_LIMITS) -> Job:
    """The finished job that the JSON document *body* describes, with its states and times. Tasks have full ids.

    Raises :class:`~awed.model.errors.Invalid` with all that is wrong with the document, and
    :class:`~awed.model.errors.TooLarge`.
    """
    limits.admit(body)
    faults = Faults()
    sent = decode(body, FinishedJob, faults)
    with _let_go_if_refused(sent.tasks):
        limits.check(sent.tasks)
        if sent.state != JobState.COMPLETED:
            faults.add(("state",), "invalid job import: must be completed")
        check_history(sent, faults)
        tasks = checked_tasks(sent.id, sent.tasks, faults)
        faults.refuse_any()
    assert sent.info is not None
    sent.info.parent = UNSET  # what is imported is no step of a run here
    for task in tasks:
        take_passwords((*task.inputs, *task.outputs, *task.predata))
    finished_tasks = [finished(task, known) for task, known in zip(tasks, sent.tasks, strict=True)]
    let_go(sent.tasks)
    return Job(
        id=sent.id,
        info=settled(sent.info),
        state=JobState.COMPLETED,
        registered=False,
        expiration=utc(sent.expiration),
        updatetime=now,
        notes=sent.notes,
        lastfailed=sent.lastfailed,
        error=sent.error,
        resumed=sent.resumed,
        shockhost=sent.shockhost,
        tasks=finished_tasks,
    )


def check_history(sent: FinishedJob, faults: Faults) -> None:
    """Note faults of a finished job, but not those of its state nor those that :func:`checked_tasks` notes."""
    if sent.info:
        check_info(sent.info, faults)
    else:
        faults.add(("info",), "invalid job import: missing job info")
    if not sent.tasks:
        faults.add(("tasks",), "invalid job document: task list empty")
    if sent.id:
        check_job_id(sent.id, faults)
    else:
        faults.add(("id",), "invalid job import: missing job id")
    check_number(sent.resumed, 0, LARGEST, ("resumed",), faults)
    for number, task in enumerate(sent.tasks):
        check_number(task.computetime, 0, LARGEST, ("tasks", number, "computetime"), faults)


def checked_tasks(job_id: str, sent: Sequence[SentTask], faults: Faults) -> list[Task]:
    """The tasks of a document, all at ``init``; none if there are faults. Notes their faults."""
    names = [short_name(job_id, task.taskid) for task in sent]
    check_names(names, faults)
    for number, (name, task) in enumerate(zip(names, sent, strict=True)):
        check_task(task, ("tasks", number), faults)
        check_files(task, task_id(job_id, name), ("tasks", number), faults)
    depends_on = Dependencies(job_id, names, sent, faults).resolve()
    if faults:
        return []
    return [_task(job_id, name, task, others) for name, task, others in zip(names, sent, depends_on, strict=True)]


def _task(job_id: str, name: str, sent: SentTask, depends_on: Sequence[str]) -> Task:
    totalwork = max(1, sent.totalwork)
    resolved = {
        "taskid": task_id(job_id, name),
        "cmd": _cmd(sent.cmd),
        "depends_on": [task_id(job_id, other) for other in depends_on],
        "totalwork": totalwork,
        **{kind: _listed(getattr(sent, kind)) for kind in ("inputs", "outputs", "predata")},
    }
    fields = {field: getattr(sent, field) for field in SentTask.__struct_fields__}
    return Task(**fields | resolved, jobid=job_id, remainwork=totalwork)


def _cmd(sent: SentCmd) -> Cmd:
    fields = structs.asdict(sent)
    environ = fields.pop("environ")
    return Cmd(**fields, environ=Environ(environ.public), has_private_env=bool(environ.private))


def _listed(files: Files) -> list[IO]:
    return [io for _, io in entries(files)]


def finished(task: Task, known: FinishedTask) -> Task:
    """*task* as completed, with the times of *known*."""
    return structs.replace(
        task,
        state=TaskState.COMPLETED,
        remainwork=0,
        createddate=utc(known.createddate),
        starteddate=utc(known.starteddate),
        completeddate=utc(known.completeddate),
        computetime=known.computetime,
    )


def settled(info: Info) -> Info:
    """*info* with times in UTC and a priority of at least 1.

    *auth* becomes false: it says that the job has a data token, which comes with the request and not in the document.
    """
    return structs.replace(
        info,
        submittime=utc(info.submittime),
        startedtime=utc(info.startedtime),
        completedtime=utc(info.completedtime),
        start_at=utc(info.start_at),
        priority=max(1, info.priority),
        auth=False,
        parent=info.parent or UNSET,
    )
