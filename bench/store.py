"""What a store costs: ``python bench/store.py [JOBS [URI]]``; without a URI a SQLite store in a temporary file.

Commits by batch size, with as many bare one-row SQLite transactions on the same disk as a yardstick; then lists,
queries and the load at start, with JOBS jobs (50,000) of two tasks each.
"""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from awed.model.access import Acl
from awed.model.ids import new_id, task_id
from awed.model.job import IO, Cmd, Info, Job, Task
from awed.model.records import Batch, JobRecord, TaskRecord
from awed.model.states import JobState
from awed.store.interface import IStore, JobQuery
from awed.store.open import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 1000


def a_job(number: int) -> tuple[JobRecord, list[TaskRecord]]:
    """The *number*-th job. Half are of one project, a tenth of one user."""
    job_id, time = new_id(), START + timedelta(seconds=number)
    info = Info(
        name=f"job {number}",
        project=f"project {number % 2 * number % 50}",
        user=f"user {number % 10}",
        pipeline=f"pipeline {number % 7}",
        submittime=time,
        userattr={"submission": new_id(), "sample": number},
    )
    state = JobState.QUEUED if number % 50 == 0 else JobState.COMPLETED
    job = Job(id=job_id, info=info, state=state, updatetime=time)
    owner = f"owner {number % 4}"
    return JobRecord(job, Acl(owner=owner), owner), [a_task(job_id, index) for index in range(2)]


def a_task(job_id: str, index: int) -> TaskRecord:
    files = [IO(filename=f"{name}.fasta", host="http://shock.example/", node=new_id()) for name in ("in", "out")]
    cmd = Cmd(name="blast", args="-in @in.fasta -out out.fasta")
    return TaskRecord(Task(task_id(job_id, str(index)), job_id, cmd, inputs=files[:1], outputs=files[1:]), index)


async def bench(reactor: Any, jobs: int, uri: str) -> None:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        yardstick(Path(folder))
        store = open_store(uri or f"sqlite:{folder}/bench.sqlite", reactor)
        await store.open()
        records = [a_job(number) for number in range(jobs)]
        await fill(store, records)
        await commits(store, records)
        await reads(store, jobs)
        await store.close()


def yardstick(folder: Path) -> None:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (doc TEXT)")
    start = time.perf_counter()
    for _ in range(500):
        connection.execute("INSERT INTO t VALUES (?)", ["x" * 1500])
    show("bare SQLite, a row of 1.5 KB", 500 / (time.perf_counter() - start), "commits/s")
    connection.close()


async def fill(store: IStore, records: list[tuple[JobRecord, list[TaskRecord]]]) -> None:
    start = time.perf_counter()
    for first in range(0, len(records), CHUNK):
        part = records[first : first + CHUNK]
        await store.commit(Batch(jobs=[job for job, _ in part], tasks=[task for _, tasks in part for task in tasks]))
    show("new jobs of two tasks, 1000 in a commit", len(records) / (time.perf_counter() - start), "jobs/s")


async def commits(store: IStore, records: list[tuple[JobRecord, list[TaskRecord]]]) -> None:
    """What a report writes: its task and job anew."""
    for size in (1, 10, 100):
        rounds, start = 500 // size + 5, time.perf_counter()
        for number in range(rounds):
            part = [records[(number * size + index) * 7 % len(records)] for index in range(size)]
            for job, _ in part:
                job.job.updatetime += timedelta(days=30)
            await store.commit(Batch(jobs=[job for job, _ in part], tasks=[tasks[0] for _, tasks in part]))
        show(f"job and task anew, {size} in a commit", rounds / (time.perf_counter() - start), "commits/s")


async def reads(store: IStore, jobs: int) -> None:
    two = {"info.project": ["project 0"], "info.user": ["user 2"]}
    queries = {
        f"25 of {jobs}": JobQuery(),
        "the same, of one reader": JobQuery(reader="owner 1"),
        "the same, of a reader who has none": JobQuery(reader="nobody"),
        "25 in the middle": JobQuery(offset=jobs // 2),
        "25 queued": JobQuery(states=(JobState.QUEUED,)),
        "25 by name": JobQuery(order="info.name"),
        "25 by name, of one reader": JobQuery(order="info.name", reader="owner 1"),
        "two fields": JobQuery(fields=two),
        "two fields, of one reader": JobQuery(fields=two, reader="owner 2"),
        "a field that half have": JobQuery(fields={"info.project": ["project 0"]}, reader="owner 0"),
        "one submission": JobQuery(fields={"info.userattr.submission": ["x"]}),
        "a day": JobQuery(since=START + timedelta(hours=1), until=START + timedelta(hours=2)),
        "a field without an index": JobQuery(fields={"info.userattr.sample": ["77"]}),
        "a field of tasks": JobQuery(fields={"tasks.cmd.name": ["none"]}),
    }
    for name, query in queries.items():
        await timed(name, partial(store.jobs, query))
    for path in ("info.project", "info.name"):
        await timed(f"distinct {path}", partial(store.distinct, path, JobQuery()))
        await timed(f"distinct {path}, of one reader", partial(store.distinct, path, JobQuery(reader="owner 1")))
    await timed("load", store.load)


async def timed(name: str, call: Callable[[], Awaitable[object]]) -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        await call()
        times.append(time.perf_counter() - start)
    show(name, sorted(times)[2] * 1000, "ms")


def show(name: str, value: float, unit: str) -> None:
    print(f"{name:<45} {value:>10.1f} {unit}", flush=True)


if __name__ == "__main__":
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    uri = sys.argv[2] if len(sys.argv) > 2 else ""
    react(lambda reactor: Deferred.fromCoroutine(bench(reactor, jobs, uri)))
