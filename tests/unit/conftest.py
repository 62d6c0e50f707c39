"""The API in memory, and passwords that are checked in no time."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from awed.auth import passwords
from tests.unit.api.served import Served

passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """An API without jobs and workers."""
    return Served(tmp_path)
