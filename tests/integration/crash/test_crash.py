"""Whatever was acknowledged survives a daemon that is killed at random moments."""

from pathlib import Path

import pytest

from tests.integration.crash.play import play


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost_on_sqlite(tmp_path: Path) -> None:
    ledger = play(tmp_path, rounds=5)
    assert ledger.faults == []
    assert ledger.numbers["results acknowledged"] > 50
    assert ledger.numbers["kills"] == 5
