"""The daemon as a system service: TLS, Unix sockets and socket activation, and reloading of its configuration."""

import re
import socket
import ssl
import stat
from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from awed.cli.options import NOT_DONE
from awed.cli.program import run
from awed.client.blocking import Server
from tests.certificates import Authority
from tests.integration.daemon import TWISTD, Daemon, Refused, Stage
from tests.integration.jobs import start


async def certificate(daemon: Daemon) -> str:
    """The certificate that the daemon shows (PEM)."""
    port = int(daemon.url.rpartition(":")[2])
    shown: str = await deferToThread(ssl.get_server_certificate, ("127.0.0.1", port))
    return shown


@ensureDeferred
async def test_a_hangup_has_certificate_token_and_level_read_again(stage: Stage) -> None:
    authority = Authority(stage.folder)
    (key, file), (new_key, new_file) = authority.server("old"), authority.server("new")
    config = stage.folder / "awed.conf"
    text = f"[SSL]\nkey={key}\ncert={file}\n[Args]\ndebuglevel=1\n[Ports]\nlisten=tcp:0:interface=127.0.0.1\n"
    config.write_text(text)
    daemon = stage.daemon("--config", str(config), "--listen", "tcp:0:interface=127.0.0.1")
    daemon.listen = "ssl:0:interface=127.0.0.1"
    await daemon.start()
    plain = (await daemon.program.said(r"Listening on (http:\S+)"))[1]
    token = daemon.data / "admin-token"
    old = {"Authorization": f"Bearer {token.read_text().strip()}"}
    assert file.read_text().startswith(await certificate(daemon))

    new_key.replace(key)
    new_file.replace(file)
    token.unlink()
    config.write_text(f"{text.replace('debuglevel=1', 'debuglevel=2')}[Server]\ntitle=Other\n")
    daemon.program.signal("HUP")
    await daemon.program.said(f"certificate {file}: read again")
    assert "These have changed and count after a restart: [Server] title" in daemon.program.output
    assert file.read_text().startswith(await certificate(daemon))
    daemon.url = plain
    assert await daemon.call("GET", "/logger?debug") == {"debuglevel": 2}
    with pytest.raises(Refused):
        await daemon.call("PUT", "/queue?suspend", headers=old)
    new = {"Authorization": f"Bearer {token.read_text().strip()}"}
    await daemon.call("PUT", "/queue?suspend", headers=new)

    key.write_text("nonsense")
    config.write_text("[Args]\ndebuglevel=all\n")
    daemon.program.signal("HUP")
    await daemon.program.said(f"certificate {file}: not read again, all stays as it was")
    assert re.search(r"configuration \S+: not read again.*\[Args\] debuglevel = all: expected", daemon.program.output)
    assert await daemon.call("GET", "/logger?debug") == {"debuglevel": 2}
    assert await daemon.stop() == 0


def ask_at(path: Path) -> bytes:
    """The answer to a request through a socket file."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        return connection.makefile("rb").read()


@ensureDeferred
async def test_a_socket_file_is_for_its_group(stage: Stage) -> None:
    path = stage.folder / "awed.sock"
    daemon = stage.daemon()
    daemon.listen = f"unix:{path}:mode=660"
    await daemon.launch().said(r"Listening on unix:")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert b'"title":"AWE Server"' in await deferToThread(ask_at, path)
    assert await daemon.stop() == 0
    assert not path.exists()


BY_SYSTEMD = (
    "-c",
    "import os, socket, sys; port = socket.create_server(('127.0.0.1', 0)); os.dup2(port.fileno(), 3);"
    " os.set_inheritable(3, True);"
    " os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='awed');"
    " os.execv(sys.executable, [sys.executable, *sys.argv[1:]])",
    *TWISTD,
)
"""Starts the daemon with a socket as ``awed.socket`` has it opened."""


@ensureDeferred
async def test_a_socket_that_systemd_opened_speaks_tls_to_who_trusts_its_certificate(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority(stage.folder)
    key, file = authority.server()
    config = stage.folder / "awed.conf"
    config.write_text(f"[SSL]\nkey={key}\ncert={file}\n")
    daemon = stage.daemon("--config", str(config))
    daemon.twistd, daemon.listen = BY_SYSTEMD, "tls:systemd:domain=INET:name=awed"
    await daemon.start()
    trusting = ssl.create_default_context(cafile=authority.file)
    assert (await deferToThread(Server(daemon.url, tls=trusting).get, "/job")).status == 200
    assert await deferToThread(run, ["--server", daemon.url, "jobs"]) == NOT_DONE
    assert re.search(r"its certificate is not to be trusted: .*\(see --ca\)", capsys.readouterr().err)
    worker = start(daemon)
    await worker.said(r"no success with the server, trying again: POST https\S+: .*certificate")
    assert await daemon.stop() == 0
