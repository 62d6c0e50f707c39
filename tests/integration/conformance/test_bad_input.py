"""Whatever comes in, the answer is an envelope that blames the caller, and the daemon is as well as before."""

from collections.abc import Iterator

import pytest
import pytest_twisted

from awed.model.ids import new_id
from tests.integration.conformance.api import Api
from tests.integration.conformance.bench import Bench
from tests.integration.conformance.raw import Reply, chunked, send
from tests.integration.daemon import Daemon, Stage

WRONG = ("x", "-1", "1.5", "1e9", "%00", "%ff", "%", "'", '"', "9" * 40, "null", "[]", "%C3%A4", "a%20b", "")
"""Values of which at least some are wrong for every parameter."""

QUERIES = [
    *(f"/job?{name}=" for name in ("limit", "offset", "order", "direction", "distinct", "verbosity")),
    *(f"/job?query&{name}=" for name in ("date_start", "date_end", "state", "info.priority", "a.b")),
    *(f"/work?query&{name}=" for name in ("limit", "offset", "order", "direction", "state", "jobid")),
    *(f"/client?{name}=" for name in ("group", "status", "app", "busy")),
    *(f"/cgroup?{name}=" for name in ("limit", "offset", "order", "direction")),
    *(f"/node?{name}=" for name in ("limit", "offset", "order")),
    *(f"/queue?{name}=" for name in ("json", "clientgroup", "job")),
    *(f"/logger?{name}=" for name in ("event", "debug")),
    "/work?client=",
]

DEEP = b"[" * (1 << 20)
"""A megabyte of nesting."""


def is_sane(reply: Reply) -> None:
    """Fail unless this is an envelope, and no fault of the server."""
    assert reply.status < 500 or reply.status == 501, reply.body
    assert reply.headers["content-type"] == "application/json"
    answer = reply.json
    assert answer["status"] == reply.status
    assert (answer["error"] is None) is (reply.status == 200)
    assert answer["error"] is None or (answer["data"] is None and all(answer["error"]))


@pytest.fixture(autouse=True)
def the_daemon_is_unharmed(server: Daemon) -> Iterator[None]:
    """Fails a test after which the daemon does not run, or has logged a fault of its own."""
    yield
    assert server.program.runs
    assert "Traceback" not in server.program.output
    assert "incident" not in server.program.output


async def ask(server: Daemon, method: str, path: str, head: str = "", body: bytes = b"") -> Reply:
    """The one answer to this request, which must be sane."""
    request = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{head}\r\n".encode() + body
    (reply,) = await send(server.url, request)
    is_sane(reply)
    return reply


def form(boundary: str, name: str, content: bytes, end: bool = True) -> bytes:
    """A multipart body with one part."""
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
    return part + content + (f"\r\n--{boundary}--\r\n".encode() if end else b"")


@pytest.mark.parametrize("query", QUERIES)
@pytest_twisted.ensureDeferred
async def test_values_of_parameters(server: Daemon, query: str) -> None:
    """Every parameter of every list, with values of every kind."""
    for value in WRONG:
        await ask(server, "GET", query + value)


@pytest_twisted.ensureDeferred
async def test_values_of_operations(server: Daemon, bench: Bench) -> None:
    """PUT /job/<id>?<operation>=<value> with values of every kind"""
    job_id = await bench.submit()
    for name in ("recompute", "priority", "expiration", "pipeline", "clientgroup", "settoken", "what"):
        for value in WRONG:
            await ask(server, "PUT", f"/job/{job_id}?{name}={value}")
    for kind in ("read", "owner", "public_read", "what", "%ff"):
        for method in ("PUT", "DELETE"):
            await ask(server, method, f"/job/{job_id}/acl/{kind}?users=%00")


@pytest_twisted.ensureDeferred
async def test_reports(server: Daemon, bench: Bench) -> None:
    """PUT /work/<id> with values of every kind"""
    await bench.submit()
    worker = await bench.worker()
    work_id = await worker.checkout()
    for name in ("computetime", "attempt", "exitstatus", "status", "client"):
        for value in WRONG[:-1]:
            query = f"{name}={value}&status=fail&client={new_id()}"
            assert (await ask(server, "PUT", f"/work/{work_id}?{query}")).status == 400
    head = "Content-Type: multipart/form-data; boundary=b\r\n"
    perf = form("b", "perf", DEEP)
    path = f"/work/{work_id}?status=done&client={worker.id}"
    assert (await ask(server, "PUT", path, f"{head}Content-Length: {len(perf)}\r\n", perf)).status == 200


@pytest_twisted.ensureDeferred
async def test_unknown_ids(server: Daemon) -> None:
    """Every call on a single thing, of which there is none"""
    for one in (new_id(), "x", "%ff", "%00", "a%2Fb", "..", "a_b_0", "base64:", "base64:%00", "%C3%A9", "_"):
        for path in (f"/job/{one}", f"/work/{one}", f"/client/{one}", f"/cgroup/{one}", f"/node/{one}"):
            for method in ("GET", "PUT", "DELETE"):
                assert (await ask(server, method, path)).status != 200
        for path in (f"/job/{one}/acl", f"/cgroup/{one}/acl", f"/cgroup/{one}/token", f"/node/{one}/acl"):
            await ask(server, "GET", path)


@pytest_twisted.ensureDeferred
async def test_wrong_methods(server: Daemon) -> None:
    """Methods that no collection has, on everything"""
    for path in ("/", "/job", "/job/x", "/work", "/work/a_b_0", "/client/x", "/queue", "/logger", "/cgroup", "/node"):
        for method in ("PATCH", "TRACE", "PROPFIND", "X" * 100):
            assert (await ask(server, method, path)).status == 405
        await ask(server, "CONNECT", path)


@pytest.mark.parametrize("path", ["/job", "/client", "/node", "/cgroup/x%20y"])
@pytest_twisted.ensureDeferred
async def test_bodies_that_are_none(server: Daemon, path: str) -> None:
    """No body, an empty one, one of another type, a broken one"""
    for head, body in [
        ("", b""),
        ("Content-Length: 0\r\n", b""),
        ("Content-Type: application/json\r\nContent-Length: 2\r\n", b"{}"),
        ("Content-Type: multipart/form-data\r\nContent-Length: 2\r\n", b"{}"),
        ("Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 2\r\n", b"{}"),
        ("Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 0\r\n", b""),
        ("Content-Type: \xff\r\nContent-Length: 1\r\n", b"x"),
        ("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n", b"upload=%f"),
    ]:
        await ask(server, "POST", path, head, body)


NO_DOCUMENTS = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"3",
    b'"x"',
    b"\xff\xfe",
    DEEP,
    b'{"a":' * 200000,
    b'{"id": 3}',
    b"{}{}",
    b'{"id": "\\ud800"}',
    b'{"tasks": [null], "apps": 3}',
    b'{"info": 3, "cores": "y"}',
    b'{"remaintasks": 1e400, "tasks": [{"totalwork": 1e400}], "cores": 1e400}',
    b'{"tasks": [{"totalwork": %s}], "cores": %s}' % (b"9" * 5000, b"9" * 5000),
)


@pytest.mark.parametrize(("path", "part"), [("/job", "upload"), ("/job", "import"), ("/client", "profile")])
@pytest_twisted.ensureDeferred
async def test_documents_that_are_none(server: Daemon, path: str, part: str) -> None:
    """Broken JSON, other types, deep nesting, bytes that are no text"""
    for document in NO_DOCUMENTS:
        body = form("b", part, document)
        head = "Content-Type: multipart/form-data; boundary=b\r\n"
        assert (await ask(server, "POST", path, f"{head}Content-Length: {len(body)}\r\n", body)).status == 400
        data = chunked(body, 50000)
        assert (await ask(server, "POST", path, f"{head}Transfer-Encoding: chunked\r\n", data)).status == 400


@pytest.mark.parametrize("path", ["/job", "/client", "/node"])
@pytest_twisted.ensureDeferred
async def test_bodies_that_are_cut_off(server: Daemon, path: str) -> None:
    """A form without its end, a body shorter than it says, chunks that stop or are no chunks"""
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    start = form("b", "upload", b"{}", end=False)
    assert (await ask(server, "POST", path, f"{kind}Content-Length: {len(start)}\r\n", start)).status == 400
    assert (await ask(server, "POST", path, f"{kind}Transfer-Encoding: chunked\r\n", chunked(start))).status == 400
    for head, body in [
        (f"{kind}Content-Length: 1000\r\n", start),
        (f"{kind}Transfer-Encoding: chunked\r\n", b"5\r\n--b\r\n\r\n"),
        (f"{kind}Transfer-Encoding: chunked\r\n", b"ffff\r\nabc"),
    ]:
        data = f"POST {path} HTTP/1.1\r\nHost: a\r\n{head}\r\n".encode() + body
        (reply,) = await send(server.url, data, end=True)
        is_sane(reply)
        assert reply.json["error"] == ["the body of the request was cut off"]
    assert (await ask(server, "POST", path, f"{kind}Transfer-Encoding: chunked\r\n", b"no chunk\r\n")).status == 400


@pytest_twisted.ensureDeferred
async def test_bodies_over_the_limit(stage: Stage) -> None:
    """413, for a body that says how long it is and for one that does not"""
    config = stage.folder / "awed.conf"
    config.write_text("[Limits]\nmax_document = 1M\n")
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    body = form("b", "upload", b" " * (2 << 20))
    for path in ("/job", "/client"):
        assert (await ask(daemon, "POST", path, f"{kind}Content-Length: {1 << 40}\r\n")).status == 413
        assert (await ask(daemon, "POST", path, f"{kind}Content-Length: {len(body)}\r\n", body)).status == 413
        data = chunked(body, 60000)
        assert (await ask(daemon, "POST", path, f"{kind}Transfer-Encoding: chunked\r\n", data)).status == 413
    assert (await Api(daemon.url).get("/")).status == 200


@pytest_twisted.ensureDeferred
async def test_what_is_hardly_http(server: Daemon) -> None:
    """Heads that are too long, too many, or nonsense"""
    for data in (
        b"GET /job?" + b"a" * 20000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /job HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
        b"GET /job HTTP/1.1\r\n" + b"A: b\r\n" * 600 + b"\r\n",
        b"GET /job?info.name=\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /job HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /job HTTP/9.9\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /job HTTP/1.1\r\nHost: a\r\nAuthorization: \xff\xff\r\nConnection: close\r\n\r\n",
    ):
        (reply,) = await send(server.url, data)
        is_sane(reply)
