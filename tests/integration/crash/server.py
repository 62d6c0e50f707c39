"""The daemon under test, as a process that can be killed and started again on the same port."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

START = "from twisted.scripts.twistd import run; run()"


class Away(Exception):
    """No answer, or one that says to repeat the request: whether it took effect is not known."""


class Answer(NamedTuple):
    status: int
    data: Any
    error: str


class Server:
    """``twistd awe`` on one data directory and store. *before*: Python that runs first."""

    def __init__(self, folder: Path, store: str = "", before: str = "") -> None:
        self._start = ("-c", before + START, "-n", "--pidfile=", "awe")
        self._data = folder / "data"
        self._log = folder / "log"
        self._store = ["--store", store] if store else []
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it says that it listens."""
        listen = f"tcp:{self.port}:interface=127.0.0.1"
        command = [sys.executable, *self._start, "--data", str(self._data), "--listen", listen, *self._store]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        while self._process.poll() is None:
            found = re.search(r"Listening on http://127.0.0.1:(\d+)", self._log.read_text())
            if found:
                self.port = int(found[1])
                return
            time.sleep(0.02)
        raise AssertionError("the daemon did not start:\n" + self._log.read_text())

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait()


class Connection:
    """One client's keep-alive connection, made again when it broke."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._http: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, query: dict[str, str] | None = None, part: tuple[str, bytes] | None = None
    ) -> Answer:
        """*part*: the name and content of one file of a form. Raises :class:`Away` if no whole answer came."""
        headers, body = _form(*part) if part else ({}, b"")
        try:
            if self._http is None:
                self._http = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
            self._http.request(method, f"{path}?{urlencode(query or {})}", body, headers)
            response = self._http.getresponse()
            document = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Away(str(error)) from error
        if response.status == 503:
            raise Away("; ".join(document["error"]))
        return Answer(response.status, document["data"], "; ".join(document["error"] or []))

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None


def _form(name: str, content: bytes) -> tuple[dict[str, str], bytes]:
    boundary = "crash-test-boundary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body
