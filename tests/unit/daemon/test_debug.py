"""The debug level counts at once, and is told of."""

from datetime import UTC, datetime

from twisted.logger import capturedLogs

from awed.daemon.debug import Debug
from awed.scheduler.changes import Event

EVENT = Event("WC", datetime(2026, 1, 1, tzinfo=UTC), {"wuid": "w"})


def test_events_are_logged_from_level_1_on() -> None:
    told: list[int] = []
    debug = Debug(0, told.append)
    with capturedLogs() as logs:
        debug.happened([EVENT])
        debug.set_level(1)
        debug.happened([EVENT])
        debug.set_level(0)
        debug.happened([EVENT])
    assert [event["code"] for event in logs] == ["WC"]
    assert told == [1, 0]
