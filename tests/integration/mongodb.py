"""A server that speaks MongoDB's protocol: the one that AWE_TEST_MONGODB names (``mongodb://host:port``), or a
SecantusDB as a child process."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import pytest_twisted

from awed.model.ids import new_id
from tests.integration.program import Program

SERVER = (
    "-c",
    "from secantus.cli import main; main()",
    "--standalone",
    "--host=127.0.0.1",
    "--enable-test-commands",
)

HASTY = "from awed.store.mongo import database; database.CONNECT_LIMIT = 0.3; "
"""Before a daemon begins: it connects again at once, and not after five seconds."""


@pytest_twisted.async_yield_fixture(scope="module")
async def mongodb(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The server's URI, without a database."""
    if given := os.environ.get("AWE_TEST_MONGODB"):
        yield given
        return
    server = Secantus(tmp_path_factory.mktemp("mongodb"), may_lose=True)
    await server.start()
    yield server.uri
    await server.kill()


class Secantus:
    """A SecantusDB with its data in *folder*, on a port that it keeps when it is started again.

    *may_lose*: when it is killed it need not have all that it acknowledged; it is much quicker then.
    """

    def __init__(self, folder: Path, *, may_lose: bool = False) -> None:
        if find_spec("secantus") is None:
            pytest.skip("SecantusDB is not installed")
        self._folder = folder
        self._options = () if may_lose else ("--sync-on-commit",)
        self._port = "0"
        self._server: Program | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self._port}"

    async def start(self) -> None:
        options = (f"--port={self._port}", f"--storage-path={self._folder / 'data'}", *self._options)
        self._server = Program([sys.executable, *SERVER, *options], self._folder)
        self._port = (await self._server.said(r"listening on \S+:(\d+)"))[1]

    def stall(self) -> None:
        """Let it say nothing until :meth:`go_on`."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._send(signal.SIGCONT)

    async def kill(self) -> None:
        self._send(signal.SIGKILL)
        assert self._server is not None
        await self._server.ended()

    def _send(self, number: signal.Signals) -> None:
        assert self._server is not None
        self._server.transport.signalProcess(number)


def database(server: str) -> str:
    """The URI of a new database."""
    return f"{server}/awed-{new_id()}"
