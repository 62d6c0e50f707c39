"""The matrix of rights on MongoDB."""

from pathlib import Path
from typing import cast

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.store.mongo import MongoStore
from tests.integration.mongodb import database, mongodb
from tests.unit.api.matrix import TABLE, Trial

__all__ = ["mongodb"]


@pytest.mark.slow
@ensureDeferred
async def test_who_may_see_and_not_do_what(mongodb: str, tmp_path: Path) -> None:
    store = MongoStore(database(mongodb), cast(IReactorThreads, reactor))
    await store.open()
    try:
        assert await Trial(tmp_path, store).rows(changes=False) == {str(row): row.marks for row in TABLE}
    finally:
        await store.close()
