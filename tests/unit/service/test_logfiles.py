"""A journal loses nothing that was written before it is closed, and disturbs nobody when it cannot be written."""

import json
from pathlib import Path

from pytest_twisted import ensureDeferred
from twisted.internet import reactor

from awed.model.events import Event
from awed.service.logfiles import Journal, event_lines
from awed.tx.threads import in_threads_of
from tests.unit.service.worlds import T0


@ensureDeferred
async def test_events_become_lines_of_json(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "event.log", in_threads_of(reactor))  # type: ignore[arg-type]
    for number in range(3):
        journal.write(event_lines([Event("JQ", T0, {"jobid": str(number)})]))
    journal.write(event_lines([Event("JP", T0, {"jobid": "4"}, "manually suspended")]))
    await journal.close()
    lines = [json.loads(line) for line in (tmp_path / "event.log").read_text().splitlines()]
    assert [line["ids"]["jobid"] for line in lines] == ["0", "1", "2", "4"]
    assert lines[3] == {
        "time": "2026-01-01T00:00:00Z",
        "code": "JP",
        "event": "job suspended",
        "ids": {"jobid": "4"},
        "text": "manually suspended",
    }


@ensureDeferred
async def test_a_journal_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "nowhere" / "event.log", in_threads_of(reactor))  # type: ignore[arg-type]
    journal.write(event_lines([Event("JQ", T0)]))
    await journal.close()
    (tmp_path / "nowhere").mkdir()
    journal.write(event_lines([Event("JD", T0)]))
    await journal.close()
    assert '"JD"' in (tmp_path / "nowhere" / "event.log").read_text()
