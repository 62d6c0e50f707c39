"""A job at a server, as programs hold it."""

import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from tempfile import mkdtemp

from awed.client import events as feed
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.client.outputs import fetch, kept_outputs, path_below
from awed.model.errors import Gone
from awed.model.feed import FeedEvent, Subject
from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import ACTIVE, JobState, TaskState


class JobFailed(Exception):
    """A job did not complete. The text is the server's reason."""


class JobHandle:
    """The job *id*.

    Every method asks the server, and raises the :class:`~awed.model.errors.AwedError` with which it refuses, or
    :class:`~awed.model.errors.Unavailable` if it does not answer; :meth:`wait`, :meth:`result` and :meth:`events`
    wait for a server that is away for a while. It may be used by several threads.
    """

    def __init__(self, server: Server, job_id: str) -> None:
        self.id = job_id
        self._server = server

    def __repr__(self) -> str:
        return f"<JobHandle {self.id}>"

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return _table(self.document())

    def document(self) -> Job:
        """The whole job, as it is now."""
        return self._server.ask(calls.job(self.id))

    @property
    def state(self) -> JobState:
        """Its state now."""
        return self.document().state

    def wait(self, timeout: float | None = None) -> JobState:
        """Wait until it is completed, suspended or deleted, and return which of them.

        Raises :class:`TimeoutError` after *timeout* seconds; None: waits for ever.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        last, state = self._server.ask(feed.events(None)).last, self.state
        while state in ACTIVE:
            left = feed.LONGEST_WAIT if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"job {self.id} is {state}, and the time to wait for it is over")
            call = feed.events(last, job=self.id, kinds=[Subject.JOB], wait=left)
            try:
                heard = self._server.persist(call, deadline)
            except Gone:  # this program slept for longer than events are kept
                last = self._server.persist(feed.events(None), deadline).last
                heard = feed.Heard([], last)
            last = heard.last
            state = JobState(heard.events[-1].state) if heard.events else self._looked(deadline)
        return state

    def _looked(self, deadline: float | None = None) -> JobState:
        """Its state now. That a job is removed for good is told by no event to those who could only read it."""
        return self._server.persist(calls.job(self.id), deadline).state

    def result(self, directory: str | Path | None = None, timeout: float | None = None) -> dict[str, Path]:
        """Wait until it is completed, and fetch its outputs: the path of each by ``TASK/FILENAME``.

        They become files ``TASK/FILENAME`` below *directory*, by default a new temporary one. Raises
        :class:`JobFailed` if it is suspended or deleted, and :class:`TimeoutError` after *timeout* seconds.
        """
        if (state := self.wait(timeout)) is not JobState.COMPLETED:
            reason = "is deleted" if state is JobState.DELETED else self.why()
            raise JobFailed(f"job {self.id} {reason}")
        urls = kept_outputs(self._server.persist(calls.job(self.id)))
        root = Path(mkdtemp(prefix="awe-") if directory is None else directory)
        paths = {name: path_below(root, name) for name in urls}
        for name, url in urls.items():
            fetch(self._server, url, paths[name])
        return paths

    def logs(self) -> dict[str, dict[str, str]]:
        """What its commands wrote: ``stdout``, ``stderr`` and ``worknotes``, those that are not empty, by task.

        Workunits of a split task are called ``TASK/RANK``.
        """
        return {
            task_name(task.taskid) + (f"/{work.rank}" if work.rank else ""): logs
            for task in self._server.ask(calls.logs(self.id)).tasks
            for work in task.workunits
            if (logs := {name: text for name, text in work.logs.items() if text})
        }

    def events(self, *, steps: bool = False) -> Iterator[FeedEvent]:
        """What happened to it, its tasks and workunits, from the beginning on, as it happens, until it ends; with
        *steps* also to the steps of this run.

        A job that is suspended has ended, unless it went on meanwhile.
        """
        heard, newest, state = feed.Heard([], 0), self._server.ask(feed.events(None)).last, self.state
        while state in ACTIVE or heard.events or heard.last < newest:
            wait = feed.LONGEST_WAIT if state in ACTIVE else 0.0
            heard = self._server.persist(feed.events(heard.last, job=self.id, steps=steps, wait=wait))
            if not heard.events and state in ACTIVE:
                newest, state = self._server.persist(feed.events(None)).last, self._looked()
            for event in heard.events:
                is_its = event.kind is Subject.JOB and event.job == self.id
                state = JobState(event.state) if is_its else state
                yield event

    def why(self) -> str:
        """Why it is not done, in one sentence; of a job that is, its state."""
        return self._server.ask(calls.explained(self.id)).why

    def cancel(self) -> None:
        """Delete it: what runs is ended, and what waits never runs."""
        self._server.ask(calls.delete(self.id))


def _table(job: Job) -> str:
    """A table of the tasks of *job*, with their states and how much of them is done."""
    done = sum(task.state is TaskState.COMPLETED for task in job.tasks)
    head = f"<b>{escape(job.info.name or job.id)}</b>: {job.state}, {done} of {len(job.tasks)} tasks done"
    rows = "".join(map(_row, job.tasks))
    return (
        f"<table><caption>{head}</caption><tr><th>task</th><th>state</th><th>workunits done</th></tr>{rows}</table>"
    )


def _row(task: Task) -> str:
    done = task.totalwork - task.remainwork
    cells = (task_name(task.taskid), task.state, f"{done} of {task.totalwork}")
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
