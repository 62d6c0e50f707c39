"""The traffic of the original's workers, byte for byte but for addresses and the ids of nodes, against awed.

Each file holds what one worker sent and was answered while it ran a workflow with files: in chunks, on a
connection for each request. Here the same requests get answers in which such a worker finds all that it found
then. (Where the original's worker waited for its server's timer, ours has the work ready: those polls are left out.)
"""

import base64
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import pytest_twisted
from msgspec import Struct, field

from tests.integration.conformance.api import Api
from tests.integration.conformance.raw import Reply, chunked, send
from tests.integration.conformance.recorded import FOLDER, differences, masked
from tests.integration.daemon import Daemon


class Sent(Struct):
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: str


class Answered(Struct):
    status: int
    headers: list[tuple[str, str]]
    body: str


class Exchange(Struct):
    """One request, to ``awe`` or ``shock``, and its answer; *seconds* from the start of the recording."""

    to: str
    by: str = field(name="from")
    request: Sent
    response: Answered

    @property
    def is_poll(self) -> bool:
        return self.request.path.startswith("/work?client=")

    @property
    def work(self) -> Any:
        """The workunit that this poll got, None if it got none."""
        if not self.is_poll or self.response.status != 200:
            return None
        return msgspec.json.decode(self.response.body)["data"]


def traffic(name: str) -> list[Exchange]:
    lines = (FOLDER / name).read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Exchange) for line in lines]


def script(exchanges: list[Exchange]) -> Iterator[Exchange]:
    """What the worker sends, without its polls between the first work and the end."""
    started = False
    for exchange in exchanges:
        started = started or exchange.work is not None
        if exchange.by == "awe-client" and not (started and exchange.is_poll and exchange.work is None):
            yield exchange


def document(exchanges: list[Exchange]) -> dict[str, Any]:
    """The workflow that the recorded workunits come from, with the id it had."""
    units = [exchange.work for exchange in exchanges if exchange.work]
    return {
        "id": units[0]["wuid"].split("_")[0],
        "info": units[0]["info"],
        "tasks": [_task(number, unit) for number, unit in enumerate(units)],
    }


def _task(number: int, unit: dict[str, Any]) -> dict[str, Any]:
    inputs = [
        {"filename": io["filename"], "origin": io["origin"]}
        if io["origin"]
        else {"filename": io["filename"], "host": io["host"], "node": io["node"]}
        for io in unit["inputs"]
    ]
    return {
        "taskid": str(number),
        "cmd": unit["cmd"],
        "dependsOn": [io["origin"] for io in unit["inputs"] if io["origin"]],
        "inputs": inputs,
        "outputs": [{"filename": io["filename"]} for io in unit["outputs"]],
    }


class Replay:
    """Says what was recorded, with today's addresses and ids."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._names: dict[str, str] = {}

    def rename(self, then: str, now: str) -> None:
        """What was called *then* in the recording is called *now*."""
        self._names[then] = now

    def __call__(self, text: str) -> str:
        for then, now in self._names.items():
            text = text.replace(then, now)
        return text

    async def say(self, request: Sent, more: str = "") -> Reply:
        """Send it as it was sent, with *more* behind its path."""
        headers = {name: self(text) for name, text in request.headers} | {"Host": self._url.removeprefix("http://")}
        head = "\r\n".join(
            [
                f"{request.method} {self(request.path)}{more} HTTP/1.1",
                *(f"{name}: {text}" for name, text in headers.items()),
            ]
        )
        body = request.body.encode()
        data = chunked(body) if headers.get("Transfer-Encoding") == "chunked" else body
        (reply,) = await send(self._url, head.encode() + b"\r\n\r\n" + data)
        return reply

    def learn(self, then: Any, now: Any) -> None:
        """Take over the ids of the nodes in a workunit."""
        for kind in ("inputs", "outputs"):
            for their, our in zip(then[kind], now[kind], strict=True):
                self.rename(their["node"], our["node"])


def accepts(exchange: Exchange, reply: Reply) -> list[str]:
    """What a worker that was content with the recorded answer would miss in *reply*."""
    theirs = exchange.response
    if reply.status != theirs.status:
        return [f"status {reply.status} instead of {theirs.status}"]
    if not theirs.body.startswith("{"):
        return [] if reply.body == theirs.body.encode() else [f"{reply.body!r} instead of {theirs.body!r}"]
    recorded = msgspec.json.decode(theirs.body)
    if recorded["error"]:  # the newest worker looks for the text somewhere in a longer one
        (ours,), (their_text,) = reply.json["error"], recorded["error"]
        return [] if masked(their_text).endswith(masked(ours)) else [f"{ours!r} instead of {their_text!r}"]
    return differences(reply.json, _without(recorded, NULL_OR_EMPTY), but=VOLATILE)


def _without(value: Any, keys: set[str]) -> Any:
    match value:
        case dict():
            return {key: _without(item, keys) for key, item in value.items() if key not in keys}
        case list():
            return [_without(item, keys) for item in value]
        case _:
            return value


NULL_OR_EMPTY = {"virtual_parts", "tags", "linkage"}
"""Of a node; Shock says now the one, now the other."""

VOLATILE = {"startedtime", "checkout_time", "submittime", "regtime", "serve_time", "url", "version_parts", "version"}


@pytest.mark.parametrize("name", ["worker-v0.9.51.jsonl", "worker-head.jsonl"])
@pytest_twisted.ensureDeferred
async def test_a_worker_of_the_original_completes_a_workflow(server: Daemon, name: str) -> None:
    """Register, poll, beat, fetch, upload, report: every answer is one that it accepts."""
    exchanges = traffic(name)
    api, replay = Api(server.url), Replay(server.url)
    (upload,) = [exchange for exchange in exchanges if exchange.to == "shock" and exchange.by == "?"]
    node = (await replay.say(upload.request)).json["data"]["id"]
    replay.rename(msgspec.json.decode(upload.response.body)["data"]["id"], node)
    (registration,) = [exchange for exchange in exchanges if exchange.to == "awe" and exchange.by == "?"]
    registered = await replay.say(registration.request)
    assert accepts(registration, registered) == []
    replay.rename(_server_uuid(exchanges), registered.json["data"]["server_uuid"])
    workflow = document(exchanges)
    submitted = False
    for exchange in script(exchanges):
        if exchange.work and not submitted:
            submitted = True
            replay.rename(workflow["tasks"][0]["inputs"][0]["host"], server.url)
            await api.submit(msgspec.json.decode(replay(msgspec.json.encode(workflow).decode())))
        # The work may still be on its way into the queue; the original's worker would ask again.
        reply = await replay.say(exchange.request, "&wait=10" if exchange.work else "")
        assert accepts(exchange, reply) == [], exchange.request.path
        if exchange.work:
            replay.learn(exchange.work, reply.json["data"])
    job = (await api.get(f"/job/{workflow['id']}")).data
    assert job["state"] == "completed"
    await api.delete(f"/job/{workflow['id']}?full")


def _server_uuid(exchanges: list[Exchange]) -> str:
    """Who the recorded server said it was."""
    beats = [exchange for exchange in exchanges if exchange.request.path.endswith("?heartbeat")]
    return str(msgspec.json.decode(beats[0].response.body)["data"]["server-uuid"])


def test_the_newest_worker_sends_ids_in_base64() -> None:
    """What is replayed holds such an id."""
    paths = [exchange.request.path for exchange in traffic("worker-head.jsonl")]
    (first, *_) = [path for path in paths if path.startswith("/work/base64:")]
    wrapped = first.removeprefix("/work/base64:").partition("?")[0]
    assert base64.b64decode(wrapped).decode().endswith("_0_0")
