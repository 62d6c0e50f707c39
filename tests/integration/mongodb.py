"""A server that speaks MongoDB's protocol: the one that AWE_TEST_MONGODB names (``mongodb://host:port``), or SecantusDB
as a child process."""

import os
from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest
import pytest_twisted

from awed.model.ids import new_id
from tests.integration.program import Program

SERVER = (
    "-c",
    "from secantus.cli import main; main()",
    "--standalone",
    "--host=127.0.0.1",
    "--port=0",
)


@pytest_twisted.async_yield_fixture(scope="module")
async def mongodb(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The server's URI, without a database."""
    if given := os.environ.get("AWE_TEST_MONGODB"):
        yield given
        return
    if find_spec("secantus") is None:
        pytest.skip("neither AWE_TEST_MONGODB nor SecantusDB")
    folder = tmp_path_factory.mktemp("mongodb")
    server = Program([*SERVER, f"--storage-path={folder / 'data'}"], folder)
    try:
        yield "mongodb://" + (await server.said(r"listening on (\S+)"))[1]
    finally:
        server.signal("KILL")
        await server.ended()


def database(server: str) -> str:
    """The URI of a new database."""
    return f"{server}/awed-{new_id()}"
