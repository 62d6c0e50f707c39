"""A receiver that fails gets every event in the end, also when the daemon is killed meanwhile, and each is signed."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource
from twisted.web.server import Site

from tests.integration.daemon import TWISTD, Stage
from tests.waiting import until

pytestmark = pytest.mark.slow

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


class Receiver(Resource):
    """Answers as *answers* say, then with 204; remembers what was answered with that."""

    isLeaf = True

    def __init__(self, answers: Iterator[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._answers = answers
        self.tried: list[str] = []
        self.taken: list[Any] = []

    def render_POST(self, request: IRequest) -> bytes:
        assert request.content is not None
        body = request.content.read()
        time, _, signature = request.getHeader("Awe-Signature").partition(",v1=")
        signed = time.removeprefix("t=").encode() + b"." + body
        assert hmac.compare_digest(signature, hmac.new(b"key", signed, hashlib.sha256).hexdigest())
        status = next(self._answers, 204)
        self.tried.append(request.getHeader("Awe-Delivery"))
        if status == 204:
            self.taken.append(json.loads(body)["event"])
        request.setResponseCode(status)
        return b""


@ensureDeferred
async def test_a_receiver_that_fails_for_a_while_gets_every_event_in_order(stage: Stage) -> None:
    (stage.folder / "awed.conf").write_text("[Security]\nfetch_inside = true\n")
    receiver = Receiver(iter([500, 302, 503, 500, 500]))
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(Site(receiver))
    daemon = stage.daemon("--config", "awed.conf")
    await daemon.start()
    url = f"http://127.0.0.1:{port.getHost().port}/hook"
    wanted = {"url": url, "secret": "key", "events": ["job"]}
    await daemon.call("POST", "/hook", data=json.dumps(wanted).encode())
    jobs = [(await daemon.submit(JOB))["id"] for _ in range(3)]
    await until(lambda: len(receiver.tried) >= 3)
    await daemon.kill()
    await daemon.start()
    jobs += [(await daemon.submit(JOB))["id"] for _ in range(3)]
    await until(lambda: len({event["id"] for event in receiver.taken}) == 2 * len(jobs))
    expected = await daemon.call("GET", "/events?since=0&kind=job")
    once = [event for event, before in zip(receiver.taken, [None, *receiver.taken], strict=False) if event != before]
    assert once == expected
    assert {event["job"] for event in expected} == set(jobs)
    assert len(set(receiver.tried)) == len(expected)
    await port.stopListening()


SLOW_NAMES = """
import socket, time
found = socket.getaddrinfo
def slow(host, *more, **named):
    if host.endswith(".test"):
        open("asked", "a").write("x")
        time.sleep(600)
    return found(host, *more, **named)
socket.getaddrinfo = slow
"""
"""Names below ``test`` have a name server that does not answer."""


@ensureDeferred
async def test_names_that_nobody_answers_for_hold_up_nothing_else(stage: Stage) -> None:
    daemon = stage.daemon()
    daemon.twistd = (TWISTD[0], SLOW_NAMES + TWISTD[1], *TWISTD[2:])
    await daemon.start()
    body = json.dumps({"url": "http://slow.test/hook"}).encode()
    waiting = [Deferred.fromCoroutine(daemon.call("POST", "/hook", data=body)) for _ in range(12)]
    asked = stage.folder / "asked"
    await until(lambda: asked.exists() and asked.stat().st_size >= 10)
    await daemon.call("POST", "/node", files={"upload": ("large", b"x" * 1_000_000)})
    for one in waiting:
        one.addErrback(lambda failure: None).cancel()
    await daemon.kill()
