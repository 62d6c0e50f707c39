"""A daemon without a free descriptor says so with 503, and goes on once it has some again."""

import http.client
import json
import os
import resource
from typing import Any

from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from tests.integration.daemon import Daemon

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
LARGE = b"x" * 100_000


def copy_of(node_id: str) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="copy_data"\r\n\r\n{node_id}\r\n--b--\r\n'.encode()


class Asker:
    """Asks a daemon over one connection, which is there before descriptors are gone."""

    def __init__(self, daemon: Daemon) -> None:
        pid = daemon.program.transport.pid
        assert pid is not None
        self.pid: int = pid
        self.before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        self.connection = http.client.HTTPConnection(daemon.url.removeprefix("http://"))

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        self.connection.request(method, path, body, FORM if body.startswith(b"--b") else {})
        response = self.connection.getresponse()
        text = response.read()
        if response.status == 503:
            assert int(response.headers["Retry-After"]) > 0
        return response.status, json.loads(text) if response.headers["Content-Type"] == "application/json" else text

    def take_all(self) -> None:
        """Let the daemon have no more descriptors than it has, without those that it uses for a moment."""
        used = set.intersection(*(set(map(int, os.listdir(f"/proc/{self.pid}/fd"))) for _ in range(20)))
        free = next(number for number in range(len(used) + 1) if number not in used)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (free, self.before[1]))

    def give_back(self) -> None:
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.before)


def story(daemon: Daemon) -> None:
    asker = Asker(daemon)
    _, made = asker.ask("POST", "/node", LARGE)
    node = f"/node/{made['data']['id']}"
    calls = [
        ("POST", "/node", b"small"),
        ("POST", "/node", LARGE),
        ("POST", "/node", copy_of(made["data"]["id"])),
        ("GET", f"{node}?download", b""),
        ("GET", f"{node}?download&compression=gzip", b""),
        ("GET", f"{node}?download_url", b""),
    ]
    asker.take_all()
    for call in calls:
        status, answer = asker.ask(*call)
        assert (status, answer["error"]) == (503, ["the server has too many files and connections open"])
    assert asker.ask("PUT", f"{node}/index/line")[0] == 200
    assert "too many" in asker.ask("GET", node)[1]["data"]["indexes"]["line"]["locked"]["error"].lower()
    asker.give_back()
    assert [asker.ask(*call)[0] for call in calls] == [200] * len(calls)
    assert asker.ask("PUT", f"{node}/index/line")[0] == 200
    assert asker.ask("GET", f"{node}?download&index=line&part=1") == (200, LARGE)


@ensureDeferred
async def test_requests_without_a_descriptor_are_told_to_come_again(daemon: Daemon) -> None:
    await deferToThread(story, daemon)
