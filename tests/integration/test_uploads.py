"""Large bodies over real sockets: rights are checked before they are read, and how much is on its way is bounded."""

import http.client
import json
from collections.abc import Mapping
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from awed.tx.streams import BATCH
from tests.integration.daemon import Daemon, Stage
from tests.integration.test_tokens import CLOSED, user

MEGABYTE = b"x" * (1 << 20)
BOUNDS = "[Limits]\nuser_uploads = 2M\nanonymous_uploads = 3M\n"
OF_OTHERS = "[Security]\ntrusted_proxies = 127.0.0.1\n"


async def started(stage: Stage, settings: str) -> Daemon:
    config = stage.folder / "awed.conf"
    config.write_text(settings)
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    return daemon


class Upload:
    """An upload that comes bit by bit, on a connection of its own."""

    def __init__(self, daemon: Daemon, target: str, headers: Mapping[Any, Any], length: int | None = None) -> None:
        self.connection = http.client.HTTPConnection(daemon.url.removeprefix("http://"), timeout=60)
        method, _, path = target.partition(" ")
        self.connection.putrequest(method, path)
        how = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        for name, value in (how, *headers.items()):
            self.connection.putheader(name, value)
        self.connection.endheaders()
        self._is_chunked = length is None

    def send(self, data: bytes) -> None:
        self.connection.send(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    def answered(self) -> tuple[int, bytes]:
        """Waits for the answer, which may come before the end of the body."""
        response = self.connection.getresponse()
        answer = response.read()
        self.connection.close()
        return response.status, answer

    def answer(self) -> tuple[int, Any]:
        """The answer with its envelope."""
        status, text = self.answered()
        answer = json.loads(text)
        return status, answer["error"] or answer["data"]


def spooled(daemon: Daemon) -> int:
    return sum(file.stat().st_size for file in (daemon.data / "tmp").iterdir())


REFUSALS: list[tuple[str, dict[str, str], int, str]] = [
    ("POST /node", {}, 401, "No Authorization"),
    ("PUT /node/5f3c2a44-7d9b-4a35-9d6b-1c1f7d2f3a10", {}, 401, "No Authorization"),
    ("POST /node", {"Authorization": "Bearer x"}, 400, "Invalid authorization header or content"),
    ("POST /job", {"Authorization": "Bearer x"}, 401, "Invalid Auth Header"),
    ("PUT /work/5f3c2a44-7d9b-4a35-9d6b-1c1f7d2f3a10_0_0?client=c", {}, 401, "No Authorization"),
    ("POST /health", {}, 501, "Not Implemented"),
    ("GET /health", {}, 413, "the body has more than 65536 bytes"),
    ("POST /nowhere", {}, 404, "Resource /nowhere unknown"),
    ("POST /node/a/b/c", {}, 404, "Resource /node/a/b/c unknown"),
]


@ensureDeferred
@pytest.mark.parametrize("length", [4 << 20, None])
async def test_a_stranger_is_refused_before_the_body(stage: Stage, length: int | None) -> None:
    daemon = await started(stage, CLOSED)

    def story() -> None:
        for target, headers, status, text in REFUSALS:
            upload = Upload(daemon, target, headers, length)
            upload.send(MEGABYTE)
            assert (target, *upload.answer()) == (target, status, [text])
            assert spooled(daemon) == 0

    await deferToThread(story)


@ensureDeferred
async def test_who_has_no_right_to_a_node_is_refused_before_the_body(stage: Stage) -> None:
    daemon = await started(stage, CLOSED)
    joe, ann = await user(daemon, "joe"), await user(daemon, "ann")
    node = (await daemon.call("POST", "/node", headers=ann))["id"]
    await daemon.call("PUT", f"/node/{node}/acl/read?users=joe", headers=ann)

    def story() -> None:
        for path in ("", "/index/subset", "/index/x?upload"):
            upload = Upload(daemon, f"PUT /node/{node}{path}", joe, 4 << 20)
            upload.send(MEGABYTE)
            assert (path, *upload.answer()) == (path, 401, ["User Unauthorized"])
            assert spooled(daemon) == 0

    await deferToThread(story)


@ensureDeferred
async def test_pages_take_no_large_form_of_a_stranger(stage: Stage) -> None:
    """Though it is the form that proves whether it is meant."""
    daemon = await started(stage, CLOSED)

    def story() -> None:
        for path, status in (("submit", 401), ("login", 413), ("jobs", 401)):
            for length in (4 << 20, None):
                upload = Upload(daemon, f"POST /ui/{path}", {}, length)
                upload.send(MEGABYTE)
                assert (path, upload.answered()[0]) == (path, status)
                assert spooled(daemon) == 0

    await deferToThread(story)


@ensureDeferred
async def test_unfinished_uploads_are_bounded_for_each_address_and_for_all(stage: Stage) -> None:
    daemon = await started(stage, BOUNDS + OF_OTHERS)
    token = {"Authorization": f"Bearer {(daemon.data / 'admin-token').read_text().strip()}"}

    def begun(address: str, megabytes: int = 1, more: Mapping[str, str] | None = None) -> Upload:
        upload = Upload(daemon, "POST /node", {"X-Forwarded-For": address, **(more or {})}, 4 << 20)
        upload.send(MEGABYTE * megabytes)
        return upload

    def finished(upload: Upload, megabytes: int) -> Any:
        upload.send(MEGABYTE * megabytes)
        status, node = upload.answer()
        assert (status, node["file"]["size"]) == (200, 4 << 20)

    def story() -> None:
        alone = begun("192.0.2.1", 3)
        while spooled(daemon) <= (3 << 20) - BATCH:  # fewer bytes may wait to be written
            pass
        status, texts = begun("192.0.2.1").answer()
        assert status == 503
        assert "of address 192.0.2.1 may have 2097152 bytes" in texts[0]
        status, texts = begun("192.0.2.2").answer()
        assert status == 503
        assert "of all anonymous users may have 3145728 bytes" in texts[0]
        finished(begun("192.0.2.2", more=token), 3)
        finished(alone, 1)
        finished(begun("192.0.2.1"), 3)

    await deferToThread(story)
