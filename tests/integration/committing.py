"""A program that commits numbered batches until it is killed, and prints each number when its commit is acknowledged.

``python -m tests.integration.committing URI FIRST``
"""

import sys
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.task import react

from awed.model.records import KINDS, Batch, merge
from awed.store.open import open_store
from tests.unit.store.records import gone, job, samples, task

TASKS = 3
KEPT = 20
"""A batch removes what came so many batches earlier."""


def batch(number: int) -> Batch:
    """A job with everything and a record of every other kind, and the end of what came some batches earlier."""
    name = job_name(number)
    written = samples([name], text=f"{number:02000}")
    written.jobs = [job(name, project=f"p{number % 3}", updated=number)]
    written.tasks = [task(name, index) for index in range(TASKS)]
    written.meta = {"last": str(number)}
    return merge(gone(job_name(number - KEPT)), written)


def standing(last: int) -> dict[str, list[Any]]:
    """All records, by kind, once batch *last* is the last one."""
    batches = [batch(number) for number in range(max(0, last - KEPT + 1), last + 1)]
    return {
        kind.name: sorted((record for written in batches for record in getattr(written, kind.name)), key=kind.id)
        for kind in KINDS
    }


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
