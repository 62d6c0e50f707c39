"""The API in memory."""

from pathlib import Path

import pytest

from tests.unit.api.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """A server without jobs and workers."""
    return Served(tmp_path)
