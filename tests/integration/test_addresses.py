"""Servers by the addresses that people type: IPv6, names with ``_``, https where there is http."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import pytest_twisted

from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import content, ended, job, shell, start

pytestmark = pytest.mark.slow

LOCAL_NAME = (
    "import socket; look_up = socket.getaddrinfo; "
    "socket.getaddrinfo = lambda host, *more, **options: "
    "look_up('127.0.0.1' if host == 'awe_server' else host, *more, **options); "
)
"""Python that knows this machine as ``awe_server``."""

GREETING = job(shell("echo hello"))


def has_ipv6() -> bool:
    """Whether this machine has a loopback address of IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")
@pytest_twisted.ensureDeferred
async def test_a_server_at_an_ipv6_address(stage: Stage) -> None:
    """The daemon prints such an address itself."""
    daemon = stage.daemon()
    daemon.listen = r"tcp6:0:interface=\:\:1"
    await daemon.start()
    assert daemon.url.startswith("http://[::1]:")
    await start(daemon).said("registered as w")
    (stage.folder / "in.txt").write_text("hello\n")
    copy = shell("cat in.txt > out.txt", inputs={"in.txt": {}}, outputs={"out.txt": {}})
    (stage.folder / "job.json").write_text(json.dumps(job(copy)))
    awe = ("-m", "awed.cli", "--server", daemon.url)
    done = stage.run(*awe, "submit", "job.json", "--input", "in.txt", "--wait")
    assert await done.ended() == 0, done.output
    got = stage.run(*awe, "get", done.output.split()[0], "out.txt")
    assert (await got.ended(), got.output) == (0, "hello\n")


@pytest_twisted.ensureDeferred
async def test_a_server_whose_name_has_an_underscore(server: Daemon) -> None:
    stage, url = server.stage, f"http://awe_server:{server.url.rpartition(':')[2]}"
    admin = server.data / "admin-token"
    group = await server.call(
        "POST", f"/cgroup/{server.group}", headers={"Authorization": f"bearer {admin.read_text().strip()}"}
    )
    (stage.folder / "token").write_text(group["token"])
    (stage.folder / "job.json").write_text(json.dumps(GREETING))
    worker = stage.run(
        *("-c", f"{LOCAL_NAME} from awed.worker import main; main()", "--server", url, "--workdir", "w"),
        *("--group", server.group, "--token-file", "token"),
    )
    await worker.said("registered as")
    cli = f"{LOCAL_NAME} from awed.cli.program import main; main()"
    awe = stage.run("-c", cli, "--server", url, "--token-file", str(admin), "submit", "job.json", "--wait")
    assert await awe.ended() == 0, awe.output


@pytest_twisted.ensureDeferred
async def test_https_where_there_is_http_is_told_at_once(server: Daemon) -> None:
    url = server.url.replace("http://", "https://")
    text = r"it does not speak TLS: is its URL http:// and not https://\?"
    awe = server.stage.run("-m", "awed.cli", "--server", url, "jobs")
    assert await awe.ended() == 3
    await awe.said(f"awe: no answer from {url}: {text}")
    worker = server.stage.run("-m", "awed.worker", "--server", url, "--workdir", "w")
    await worker.said(f"no success with the server, trying again: POST {url}/client: {text}")


@pytest.mark.parametrize("url", ["http://u:secret@127.0.0.1:1", "http://a,b", "http://[::1", "https://awe_server"])
@pytest_twisted.ensureDeferred
async def test_what_cannot_be_the_address_of_a_server(stage: Stage, url: str) -> None:
    """It is told by worker and command line alike, without a password."""
    for module, rest in (("awed.worker", ("--workdir", "w")), ("awed.cli", ("jobs",))):
        program = stage.run("-m", module, "--server", url, *rest)
        assert await program.ended() == 2
        assert "--server" in program.output
        assert "Traceback" not in program.output
        assert "secret" not in program.output


class Guarded(BaseHTTPRequestHandler):
    """Has a file for the user ``ann`` with the password ``ge/heim``."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == f"Basic {b64encode(b'ann:ge/heim').decode()}"
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(b"hello\n" if known else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def guarded() -> Iterator[str]:
    """Host and port of a server with such a file."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest_twisted.ensureDeferred
async def test_a_password_in_the_url_of_an_input_is_used_and_not_shown(server: Daemon, guarded: str) -> None:
    worker = start(server)
    url = f"http://ann:ge%2Fheim@{guarded}/in.txt"
    files = {"inputs": {"in": {"url": url}}, "predata": {"pre": {"url": url}}, "outputs": {"out": {}}}
    good = await ended(server, job({**shell("cat in pre > out"), **files}))
    assert good["state"] == "completed", good["notes"]
    assert good["tasks"][0]["inputs"][0]["url"] == f"http://ann@{guarded}/in.txt"
    assert await content(good["tasks"][0]["outputs"][0]) == b"hello\nhello\n"
    wrong = {"inputs": {"in": {"url": f"http://ann:ge%2Fheimlich@{guarded}/x"}}}
    bad = await ended(server, job({**shell("true"), **wrong}, noretry=True))
    assert f"get http://{guarded}/x: 401" in bad["error"]["worknotes"]
    logs = [file.read_text() for file in server.data.rglob("*.log")]
    shown = [worker.output, server.program.output, *logs]
    for path in (f"/job/{good['id']}", f"/job/{good['id']}?report", f"/job/{bad['id']}", f"/job/{bad['id']}?report"):
        shown.append(json.dumps(await server.call("GET", path)))
    assert "heim" not in "".join(shown)
