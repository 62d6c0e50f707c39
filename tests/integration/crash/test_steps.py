"""Each fault of the way to the database, at each step of a job's life."""

import json
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import treq
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.task import deferLater

from awed.model.ids import new_id
from awed.model.job import Job
from awed.model.states import JobState
from awed.store.open import open_store
from tests.integration.daemon import IMPATIENT, Daemon, Stage
from tests.integration.mongodb import HASTY, database, mongodb
from tests.integration.relay import FAULTS, Fault, Relay

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

LASTS = 0.2
"""Seconds for which a fault stays after a request was sent into it."""

TASKS = [{"taskid": "0", "cmd": {"name": "true"}}, {"taskid": "1", "cmd": {"name": "true"}, "dependsOn": ["0"]}]


class Life:
    """That of a job, with one kind of fault. The daemon reaches its database through a relay; the test looks into
    the database itself."""

    def __init__(self, stage: Stage, uri: str, fault: Fault) -> None:
        parts = urlsplit(uri)
        assert parts.port is not None
        self.relay = Relay(parts.port)
        store = f"mongodb://127.0.0.1:{self.relay.port}{parts.path}"
        self.daemon = stage.daemon("--store", store, data=fault.__name__)
        self.daemon.twistd = (IMPATIENT[0], HASTY + IMPATIENT[1], *IMPATIENT[2:])
        self._store = open_store(uri, cast(IReactorThreads, reactor), shared=True)
        self._fault = fault
        self._job_id = new_id()

    async def live(self) -> None:
        daemon, job = self.daemon, f"/job/{self._job_id}"
        await daemon.start()
        await self._store.open()
        client = (await daemon.register())["id"]
        document = json.dumps({"id": self._job_id, "tasks": TASKS}).encode()
        await self._step(JobState.QUEUED, "POST", "/job", files={"upload": ("job.json", document)})
        unit = await self._step(JobState.IN_PROGRESS, "GET", f"/work?client={client}")
        await self._step(JobState.IN_PROGRESS, "PUT", f"/work/{unit['wuid']}?client={client}&status=done")
        assert (await self._stored()).remaintasks == 1
        await self._step(JobState.SUSPEND, "PUT", f"{job}?suspend")
        await self._step(JobState.IN_PROGRESS, "PUT", f"{job}?resume")
        await self._step(JobState.DELETED, "DELETE", job)
        other = (await daemon.submit({"tasks": TASKS}))["id"]
        await daemon.kill()
        await self._during_fault(daemon.start())
        assert (await daemon.call("GET", job))["state"] == JobState.DELETED
        assert (await daemon.call("GET", f"/job/{other}"))["state"] == JobState.QUEUED
        await self._store.close()
        self.relay.close()

    async def _step(self, expected: JobState, method: str, path: str, **parameters: Any) -> Any:
        """Ask for something into the fault. When there is an answer, the job's state is in the database."""
        data = await self._during_fault(insist(self.daemon, method, path, **parameters))
        assert (await self._stored()).state is expected, f"{method} {path}, {self._fault.__name__}"
        return data

    async def _during_fault(self, doing: Any) -> Any:
        with self._fault(self.relay):
            answer = Deferred.fromCoroutine(doing)
            await deferLater(reactor, LASTS)
        return await answer

    async def _stored(self) -> Job:
        record = await self._store.job(self._job_id)
        assert record is not None, "an acknowledged job is not in the database"
        return record.job


async def insist(daemon: Daemon, method: str, path: str, **parameters: Any) -> Any:
    """Ask again as long as the answer is that the change is not durable. Its data; that of a refusal is None."""
    while True:
        response = await treq.request(method, daemon.url + path, persistent=False, **parameters)
        answer = await response.json()
        if response.code != 503:
            return answer["data"]


@ensureDeferred
async def test_whatever_is_answered_is_in_the_database(stage: Stage, mongodb: str) -> None:
    """Submission, checkout, report, suspension, resumption, deletion, and the daemon's start after it was killed."""
    lives = [Life(stage, database(mongodb), fault).live() for fault in FAULTS]
    await gatherResults(map(Deferred.fromCoroutine, lives), consumeErrors=True)
