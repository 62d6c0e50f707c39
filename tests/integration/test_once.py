"""The same submission from many connections at once, over a daemon that is killed meanwhile, makes one job."""

import json
from typing import Any

import pytest
import pytest_twisted
import treq
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.web.http_headers import Headers

from awed.model.ids import new_id
from tests.integration.daemon import Daemon
from tests.waiting import until

CONNECTIONS = 20

JOB = {"tasks": [{"taskid": str(number), "cmd": {"name": "true"}} for number in range(200)]}


class Tries:
    """A submission with a key from many connections at once. *jobs*: what those that were answered were told, and
    *fresh* how many of them were not told that it was done before."""

    def __init__(self, daemon: Daemon, key: str) -> None:
        self._daemon = daemon
        self._key = key
        self.jobs: list[str] = []
        self.fresh = 0
        tries = [ensureDeferred(self._submit()) for _ in range(CONNECTIONS)]
        self.ended: Deferred[list[Any]] = DeferredList(tries, consumeErrors=True)

    async def _submit(self) -> None:
        files: Any = {"upload": ("job.json", json.dumps(JOB).encode())}
        headers = Headers({"Idempotency-Key": [self._key]})
        response = await treq.post(f"{self._daemon.url}/job", files=files, headers=headers, persistent=False)
        answer = await response.json()
        assert response.code == 200, answer
        self.jobs.append(answer["data"]["id"])
        self.fresh += not response.headers.hasHeader("Idempotency-Replayed")


@pytest.mark.slow
@pytest.mark.parametrize("answers", [0, 1, 10])
@pytest_twisted.ensureDeferred
async def test_twenty_connections_at_once_over_a_kill_make_one_job(daemon: Daemon, answers: int) -> None:
    """It is killed when so many of them have their answer."""
    key = new_id()
    before = Tries(daemon, key)
    await until(lambda: len(before.jobs) >= answers)
    await daemon.kill()
    await before.ended
    await daemon.start()
    after = Tries(daemon, key)
    await after.ended
    assert len(after.jobs) == CONNECTIONS
    (job,) = {*before.jobs, *after.jobs}
    assert before.fresh + after.fresh <= 1
    assert [job["id"] for job in await daemon.call("GET", "/job")] == [job]
