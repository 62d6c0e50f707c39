"""``awe logs -f``: prints what the commands of a job write, as they write it."""

import codecs
from threading import BoundedSemaphore, Event, Lock, Thread

import click

from awed.cli.words import clean, run_name, short, title
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.client.handle import JobHandle
from awed.client.logs import part
from awed.model.errors import AwedError
from awed.model.feed import Subject
from awed.model.ids import job_of, task_name
from awed.model.job import Job
from awed.model.states import WorkState

_WAIT = 20.0
"""Seconds for which the server may wait for output."""

_AT_ONCE = 256
"""Runs that are followed at once; others are begun as these end."""

STREAMS = ("stdout", "stderr")


class Tail:
    """Follows a job, with its steps if it is a run, or its task called *task*, to its end.

    It waits for a server that is away.

    *raw*: whether characters that control a terminal are printed as they are.
    """

    def __init__(self, server: Server, job: Job, task: str | None, raw: bool) -> None:
        self._server = server
        self._job = job
        self._task = task
        self._raw = raw
        self._has_steps = task is None and job.is_run
        self._is_alone = len(job.tasks) == 1 and job.tasks[0].totalwork == 1 and not self._has_steps
        self._names: dict[str, str] = {}
        self._room = BoundedSemaphore(_AT_ONCE)
        self._ended = Event()
        self._printing = Lock()

    def run(self) -> None:
        """Print until the job ends. Raises the :class:`AwedError` with which the server refuses to show it."""
        threads: list[Thread] = []
        for event in JobHandle(self._server, self._job.id).events(steps=self._has_steps):
            if event.kind is not Subject.WORK or event.state != WorkState.CHECKOUT:
                continue
            if self._task in {None, task_name(event.task)}:
                self._room.acquire()
                threads.append(Thread(target=self._follow, args=(event.work, event.attempt or 0), daemon=True))
                threads[-1].start()
        self._ended.set()
        for thread in threads:
            thread.join()

    def _follow(self, work: str, attempt: int) -> None:
        """Print both streams of a run to its end."""
        try:
            both = [Thread(target=self._stream, args=(work, attempt, stream), daemon=True) for stream in STREAMS]
            for thread in both:
                thread.start()
            for thread in both:
                thread.join()
        finally:
            self._room.release()

    def _stream(self, work: str, attempt: int, stream: str) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        offset, begun, is_last = 0, "", False
        while not is_last:
            ended = self._ended.is_set()
            call = part(work, stream, offset, attempt=attempt, wait=0 if ended else _WAIT)
            try:
                found = self._server.persist(call)
            except AwedError as error:
                self._print(work, f"[{error}]")
                return
            offset = found.offset + len(found.data)
            is_last = found.is_last or (ended and not found.data)
            *whole, begun = (begun + decoder.decode(found.data, is_last)).split("\n")
            for line in [*whole, *([begun] if is_last and begun else [])]:
                self._print(work, line)

    def _name(self, work: str) -> str:
        """What is said before each line: which task of the job, or which step, called as its job."""
        job_id = job_of(work)
        if job_id == self._job.id:
            return run_name(work)
        if job_id not in self._names:
            step = self._server.persist(calls.job(job_id))
            self._names[job_id] = title(step.info.name) or short(job_id)
        return self._names[job_id]

    def _print(self, work: str, line: str) -> None:
        text = line if self._raw else clean(line, strip=False)
        with self._printing:
            click.echo(text if self._is_alone else f"{self._name(work)} | {text}")
