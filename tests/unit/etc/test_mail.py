"""``etc/hooks/awe-mail.py``, between a hook and a mail server of the test."""

import json
import socketserver
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from awed.service.hooks import signature
from tests.unit.etc.programs import ETC

SECRET = "our secret"
EVENT = {"id": 7, "kind": "job", "state": "completed", "job": "1a2b", "remaintasks": 0}

Deliver = Callable[..., int]
"""Posts a delivery: the status of the answer."""


class _Smtp(socketserver.StreamRequestHandler):
    """Takes one mail."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                mail = b"".join(iter(self.rfile.readline, b".\r\n"))
                mails: list[str] = self.server.mails  # type: ignore[attr-defined]
                mails.append(mail.decode())
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    """Has the mails that came. It listens from the start, and answers once it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.mails: list[str] = []
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})


@pytest.fixture
def mailbox() -> Iterator[MailServer]:
    with MailServer() as server:
        server.thread.start()
        yield server
        server.shutdown()
        server.thread.join()


@contextmanager
def receiver(folder: Path, smtp_port: int) -> Iterator[Deliver]:
    (folder / "secret").write_text(f"{SECRET}\n")
    options = ["--listen", "127.0.0.1:0", "--secret-file", str(folder / "secret"), "--to", "ann@example.org"]
    command = [sys.executable, str(ETC / "hooks" / "awe-mail.py"), *options, "--smtp", f"127.0.0.1:{smtp_port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
        assert program.stdout
        url = program.stdout.readline().split()[-1]

        def deliver(event: dict[str, Any] = EVENT, *, ident: str = "h-7", secret: str = SECRET, age: int = 0) -> int:
            body = json.dumps({"delivery": ident, "hook": "h", "event": event}).encode()
            headers = {"Awe-Signature": signature(secret, int(time.time()) - age, body)} if secret else {}
            request = urllib.request.Request(url, body, headers)
            try:
                with urllib.request.urlopen(request) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        yield deliver
        program.terminate()


def test_each_delivery_is_mailed_once(mailbox: MailServer, tmp_path: Path) -> None:
    with receiver(tmp_path, mailbox.server_address[1]) as deliver:
        assert [deliver(), deliver(), deliver(ident="h-8")] == [204, 204, 204]
    assert len(mailbox.mails) == 2
    assert "Subject: AWE: job 1a2b is completed" in mailbox.mails[0]
    assert "To: ann@example.org" in mailbox.mails[0]
    assert "state: completed" in mailbox.mails[0]


def test_what_another_sends_or_comes_late_is_not_mailed(mailbox: MailServer, tmp_path: Path) -> None:
    with receiver(tmp_path, mailbox.server_address[1]) as deliver:
        assert [deliver(secret="another"), deliver(secret=""), deliver(age=1000)] == [401, 401, 401]
    assert mailbox.mails == []


def test_what_cannot_be_mailed_is_to_come_again(tmp_path: Path) -> None:
    with MailServer() as closed:
        port = closed.server_address[1]
    with receiver(tmp_path, port) as deliver:
        assert deliver() == 503
