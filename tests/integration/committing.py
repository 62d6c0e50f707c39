"""A program that commits numbered batches until it is killed, and prints each number when its commit is acknowledged.

``python -m tests.integration.committing URI FIRST``
"""

import sys
from typing import cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.task import react

from awed.model.records import Batch
from awed.store.open import open_store
from tests.unit.store.records import job, report, task, work

TASKS = 3
KEPT = 20
"""A batch removes the job that came so many batches earlier."""


def batch(number: int) -> Batch:
    """A job with everything, and the end of another one."""
    name = job_name(number)
    return Batch(
        jobs=[job(name, project=f"p{number % 3}", updated=number)],
        tasks=[task(name, index) for index in range(TASKS)],
        work=[work(name, 0)],
        reports=[report(name, 1, stdout="x" * 2000)],
        meta={"last": str(number)},
        gone_jobs=[job_name(number - KEPT)],
    )


def job_name(number: int) -> str:
    return f"job{number}"


async def commit_for_ever(uri: str, number: int) -> None:
    store = open_store(uri, cast(IReactorThreads, reactor))
    await store.open()
    while True:
        await store.commit(batch(number))
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(commit_for_ever(sys.argv[1], int(sys.argv[2]))))
