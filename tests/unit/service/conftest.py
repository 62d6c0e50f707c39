"""A started engine for each test."""

import pytest_twisted

from tests.unit.service.worlds import EngineWorld


@pytest_twisted.async_fixture()
async def world() -> EngineWorld:
    made = EngineWorld()
    await made.start()
    return made
