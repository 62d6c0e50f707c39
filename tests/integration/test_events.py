"""Listeners that are cut at random, on a daemon that is killed again and again, hear each event once and in order."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import treq
from msgspec import json
from pytest_twisted import ensureDeferred
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed, ResponseNeverReceived
from twisted.web.http_headers import Headers

from awed.tx.locks import Condition
from tests.integration.daemon import Daemon, Refused, Stage
from tests.integration.mongodb import database, mongodb

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

KILLS, LISTENERS = 10, 10
CUT = (ConnectError, ResponseFailed, ResponseNeverReceived, CancelledError)


class Life:
    """A daemon that comes and goes. *goal*: the number of the last event, once it is known."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.goal = 0
        self.has_work = True
        self._is_up = False
        self._comes = Condition()
        self.work_done = Condition()

    async def start(self) -> None:
        await self.daemon.start()
        self._is_up = True
        self._comes.notify()

    async def kill(self) -> None:
        self._is_up = False
        await self.daemon.kill()

    async def up(self) -> None:
        if not self._is_up:
            await self._comes.wait()


class Listener:
    """Hears all events; by long polls, or by streams that it cuts itself every now and then."""

    def __init__(self, life: Life, listen: Callable[["Listener"], Any]) -> None:
        self.life = life
        self.listen = listen
        self.heard: list[Any] = []
        self.last = 0

    async def run(self) -> list[Any]:
        while not self.life.goal or self.last < self.life.goal:
            await self.life.up()
            with suppress(*CUT):
                await self.listen(self)
        return self.heard

    def hear(self, events: list[Any]) -> None:
        self.heard += events
        self.last = max([self.last, *(event["id"] for event in events)])


async def poll(listener: Listener) -> None:
    path = f"/events?since={listener.last}&limit={random.randint(1, 50)}&wait=1"
    response = await treq.get(listener.life.daemon.url + path, persistent=False)
    listener.hear((await response.json())["data"])


async def stream(listener: Listener) -> None:
    messages = Messages(listener, random.randint(1, 40))
    headers = Headers({"Last-Event-ID": [str(listener.last)]})
    url = f"{listener.life.daemon.url}/events?stream&since=0"
    response = await treq.get(url, headers=headers, persistent=False, unbuffered=True)
    assert response.code == 200
    response.deliverBody(messages)
    await messages.over


class Messages(Protocol):
    """Hands on what comes, up to so many messages; what is cut in the middle of one does not count."""

    def __init__(self, listener: Listener, most: int) -> None:
        self.over: Deferred[None] = Deferred()
        self._listener = listener
        self._left = most
        self._text = b""

    def dataReceived(self, data: bytes) -> None:
        *messages, self._text = (self._text + data).split(b"\n\n")
        for message in messages[: self._left]:
            self._left -= 1
            for line in message.split(b"\n"):
                if line.startswith(b"data:"):
                    self._listener.hear([json.decode(line[5:])])
        goal = self._listener.life.goal
        if not self._left or (goal and self._listener.last >= goal):
            transport: Any = self.transport
            transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over.callback(None)


async def work(life: Life) -> None:
    """Submit jobs and run them, over and over; who is refused begins anew."""
    document = {"tasks": [{"taskid": "0", "totalwork": 3, "cmd": {"name": "true"}}]}
    while life.has_work:
        await life.up()
        with suppress(Refused, *CUT):
            client = (await life.daemon.register())["id"]
            await life.daemon.submit(document)
            for _ in range(3):
                unit = (await life.daemon.call("GET", f"/work?client={client}"))["wuid"]
                await life.daemon.call("PUT", f"/work/{unit}?status=done&client={client}")
            life.work_done.notify()


async def check(daemon: Daemon) -> None:
    life = Life(daemon)
    listeners = [Listener(life, listen) for listen in (poll, stream) for _ in range(LISTENERS // 2)]
    running = [Deferred.fromCoroutine(listener.run()) for listener in listeners]
    working = Deferred.fromCoroutine(work(life))
    for _ in range(KILLS):
        await life.start()
        for _ in range(random.randint(1, 3)):
            await life.work_done.wait()
        await life.kill()
    await life.start()
    await life.work_done.wait()
    life.has_work = False
    await working
    expected = await everything(daemon)
    life.goal = len(expected)
    await daemon.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]})  # for streams that hear nothing else
    for heard in await gatherResults(running, consumeErrors=True):
        assert heard[: life.goal] == expected
    assert [event["id"] for event in expected] == list(range(1, life.goal + 1))
    assert (await everything(daemon))[: life.goal] == expected


async def everything(daemon: Daemon) -> list[Any]:
    found: list[Any] = []
    while more := await daemon.call("GET", f"/events?since={len(found)}"):
        found += more
    return found


@ensureDeferred
async def test_every_listener_hears_every_event_once_on_sqlite(stage: Stage) -> None:
    await check(stage.daemon())


@ensureDeferred
async def test_every_listener_hears_every_event_once_on_mongodb(stage: Stage, mongodb: str) -> None:
    await check(stage.daemon("--store", database(mongodb)))
