"""One daemon for each module; each test has a client group of its own, so that tests do not see each other's work."""

from collections.abc import AsyncIterator

import pytest
import pytest_twisted

from awed.model.ids import new_id
from tests.integration.conformance.api import Api
from tests.integration.conformance.bench import Bench
from tests.integration.daemon import Daemon, Stage


@pytest_twisted.async_yield_fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    """The daemon of this module's tests."""
    stage = Stage(tmp_path_factory.mktemp("conformance"))
    daemon = stage.daemon()
    await daemon.start()
    yield daemon
    await stage.clear()


@pytest.fixture
def api(server: Daemon) -> Api:
    """The API as anybody uses it."""
    return Api(server.url)


@pytest.fixture
def admin(server: Daemon) -> Api:
    """The API as the administrator uses it."""
    token = (server.data / "admin-token").read_text().strip()
    return Api(server.url, {"Authorization": f"bearer {token}"})


@pytest.fixture
def bench(api: Api) -> Bench:
    """Jobs and a worker of this test's own group."""
    return Bench(api, f"group-{new_id()}")
