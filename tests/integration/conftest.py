"""Programs that end with their test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from tests.integration.daemon import Daemon, Stage
from tests.integration.installing import build_sdist, build_wheel, copy_source
from tests.integration.jobs import start


@pytest_twisted.async_yield_fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Where programs run."""
    stage = Stage(tmp_path)
    yield stage
    await stage.clear()


@pytest_twisted.async_fixture
async def daemon(stage: Stage) -> Daemon:
    """A daemon that listens."""
    daemon = stage.daemon()
    await daemon.start()
    return daemon


@pytest.fixture(scope="session")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that listens as long as there are tests."""
    stage = Stage(tmp_path_factory.mktemp("lasting"))
    daemon = stage.daemon()
    pytest_twisted.blockon(Deferred.fromCoroutine(daemon.start()))
    yield daemon
    pytest_twisted.blockon(Deferred.fromCoroutine(stage.clear()))


@pytest.fixture
def server(lasting: Daemon, stage: Stage) -> Daemon:
    """That daemon, for a test that neither ends it nor looks at all that it has."""
    return lasting.part(stage)


@pytest_twisted.async_yield_fixture(scope="module")
async def farm(lasting: Daemon, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    """That daemon with a worker, for all tests of a module."""
    farm = lasting.part(Stage(tmp_path_factory.mktemp("farm")))
    start(farm)
    yield farm
    await farm.stage.clear()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project to build from."""
    folder = tmp_path_factory.mktemp("source") / "awed"
    copy_source(folder)
    return folder


@pytest.fixture(scope="session")
def sdist(source: Path) -> Path:
    """The project as it is published."""
    return build_sdist(source)


@pytest.fixture(scope="session")
def wheel(sdist: Path) -> Path:
    """What pip makes of that, and installs."""
    return build_wheel(sdist)
