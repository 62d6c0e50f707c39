"""Stores with many jobs in them, made without a daemon."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from awed.model.access import PUBLIC, Acl
from awed.model.ids import new_id, task_id
from awed.model.job import Cmd, Info, Job, Task
from awed.model.records import Batch, JobRecord, TaskRecord
from awed.model.states import JobState, TaskState
from awed.store.sqlite.connections import connect_writer
from awed.store.sqlite.rows import encode
from awed.store.sqlite.schema import prepare

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def fill(folder: Path, jobs: int, tasks: int, finished: bool) -> None:
    """Put *jobs* jobs of *tasks* tasks each into the store of a daemon that is still to be started on *folder*."""
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    prepare(data / "awed.sqlite", shared=False)
    connection = connect_writer(data / "awed.sqlite")
    connection.execute("PRAGMA synchronous = OFF")
    for first in range(0, jobs, 1000):
        numbers = range(first, min(first + 1000, jobs))
        _commit(connection, [_job(number, tasks, finished) for number in numbers])
    connection.close()


def _commit(connection: sqlite3.Connection, jobs: list[Job]) -> None:
    batch = Batch(
        jobs=[JobRecord(replace(job, tasks=[]), Acl(read=["public"]), PUBLIC) for job in jobs],
        tasks=[TaskRecord(task, index) for job in jobs for index, task in enumerate(job.tasks)],
    )
    connection.execute("BEGIN")
    for sql, rows in encode(batch):
        connection.executemany(sql, rows)
    connection.execute("COMMIT")


def _job(number: int, tasks: int, finished: bool) -> Job:
    job_id = new_id()
    moment = _BEGINNING + timedelta(seconds=number)
    info = Info(name=f"bench {number}", project="bench", user="bench", pipeline="bench", submittime=moment)
    state = JobState.COMPLETED if finished else JobState.QUEUED
    return Job(
        id=job_id,
        info=info,
        state=state,
        remaintasks=0 if finished else tasks,
        updatetime=moment,
        tasks=list(_tasks(job_id, tasks, moment, finished)),
    )


def _tasks(job_id: str, tasks: int, moment: datetime, finished: bool) -> Iterator[Task]:
    for number in range(tasks):
        yield Task(
            taskid=task_id(job_id, str(number)),
            jobid=job_id,
            cmd=Cmd(name="true", description="measured"),
            state=TaskState.COMPLETED if finished else TaskState.QUEUED,
            remainwork=0 if finished else 1,
            createddate=moment,
            starteddate=moment,
        )
