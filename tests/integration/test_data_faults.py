"""Faulty data hosts: only the tasks that need them fail, and say why."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from klein import Klein
from msgspec import json
from pytest_twisted import async_yield_fixture, ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.web.http import Request
from twisted.web.server import Site

from tests.integration.daemon import Daemon
from tests.integration.jobs import ended, job, shell, start

reactor: Any = global_reactor

WRONG_MD5 = "0" * 32
NODE = "11111111-1111-4111-8111-111111111111"


class Host:
    """A Shock, and a server of plain files, on which nothing is as it should be."""

    app = Klein()

    @app.route("/node/<node_id>")
    def node(self, request: Request, node_id: str) -> bytes:
        if b"download" in request.args:
            return b"not what the md5 says"
        file = {"size": 21, "checksum": {"md5": WRONG_MD5}, "created_on": "2026-01-01T00:00:00Z"}
        return json.encode({"status": 200, "data": {"id": node_id, "file": file}, "error": None})

    @app.route("/short")
    def short(self, request: Any) -> bytes:
        request.setHeader("Content-Length", "1000")
        request.write(b"only this")
        request.transport.loseConnection()
        return b""

    @app.route("/loop")
    def loop(self, request: Request) -> bytes:
        request.redirect(b"/loop")
        return b""

    @app.route("/folder")
    def folder(self, request: Request) -> bytes:
        request.redirect(b"/folder/")
        return b""

    @app.route("/folder/")
    def listing(self, request: Request) -> bytes:
        return b"<html>what is in it</html>"


@async_yield_fixture
async def host() -> AsyncIterator[str]:
    """The URL of one."""
    port = reactor.listenTCP(0, Site(Host().app.resource()), interface="127.0.0.1")
    yield f"http://127.0.0.1:{port.getHost().port}"
    await port.stopListening()


def reading(source: dict[str, Any]) -> dict[str, Any]:
    """A job that reads one file."""
    return job(shell("true", inputs=[{"filename": "in", **source}]), noretry=True)


@ensureDeferred
async def test_a_url_without_a_file_fails_at_once(server: Daemon, host: str) -> None:
    start(server)
    for path, reason in (
        ("loop", "too many redirects, or one that leads nowhere"),
        ("folder", "this is a directory, not a file"),
        ("gone", "404"),
    ):
        failed = await ended(server, reading({"url": f"{host}/{path}"}))
        assert failed["state"] == "suspend"
        assert failed["error"]["worknotes"].startswith(f"in: get {host}/{path}: {reason}")
        assert (await ended(server, job(shell("true"))))["state"] == "completed"


@pytest.mark.slow
@ensureDeferred
async def test_what_may_pass_is_tried_again_while_other_work_is_done(server: Daemon, host: str) -> None:
    """All at once: the pauses between tries are those of everyday use."""
    worker = start(server, "w", "--slots", "4")
    faults = {
        "the md5 of what came is": {"host": host, "node": NODE},
        "get {}/short: it broke off after 9 bytes: ": {"url": f"{host}/short"},
        "get http://127.0.0.1:1/x: Connection was refused": {"url": "http://127.0.0.1:1/x"},
    }
    failing = gatherResults(
        [Deferred.fromCoroutine(ended(server, reading(source))) for source in faults.values()], consumeErrors=True
    )
    assert (await ended(server, job(shell("true"))))["state"] == "completed"
    assert not failing.called
    for reason, failed in zip(faults, await failing, strict=True):
        assert failed["state"] == "suspend"
        assert reason.format(host) in failed["error"]["worknotes"]
        assert failed["error"]["worknotes"].endswith("(tried 4 times)")
        await worker.said(f"{failed['id']}_0_0: .*{re.escape(reason.format(host))}.*; next try in 15 s")
