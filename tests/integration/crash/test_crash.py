"""Whatever was acknowledged survives a daemon that is killed at random moments."""

from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from tests.integration.crash.actors import Ledger
from tests.integration.crash.play import play
from tests.integration.mongodb import database, mongodb

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

ROUNDS = 3
"""Kills in each test; ``make crash`` plays more."""


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost_on_sqlite(tmp_path: Path) -> None:
    assert_whole(play(tmp_path, ROUNDS))


@pytest.mark.timeout(240)
@ensureDeferred
async def test_nothing_acknowledged_is_lost_on_mongodb(tmp_path: Path, mongodb: str) -> None:
    assert_whole(await deferToThread(play, tmp_path, ROUNDS, database(mongodb)))


def assert_whole(ledger: Ledger) -> None:
    assert ledger.faults == []
    assert ledger.numbers["results acknowledged"] > 30
    assert ledger.numbers["kills"] == ROUNDS
