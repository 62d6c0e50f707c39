"""Whatever was acknowledged survives a daemon that is killed at random moments."""

from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from tests.integration.crash import uploads
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


@pytest.mark.timeout(240)
def test_finished_work_comes_through_a_relay_that_cuts_one_upload_in_ten(tmp_path: Path) -> None:
    faults, _ = uploads.play(tmp_path, tasks=40)
    assert faults == []


def assert_whole(ledger: Ledger) -> None:
    assert ledger.faults == []
    assert ledger.numbers["results acknowledged"] > 30
    assert ledger.numbers["kills"] == ROUNDS
