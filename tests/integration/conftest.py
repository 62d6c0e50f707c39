"""Programs that end with their test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_twisted

from tests.integration.daemon import Daemon, Stage


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
