"""The debug level counts at once, and is told of; each level tells what the one below it tells, and more."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from twisted.logger import capturedLogs, formatEvent

from awed.daemon.debug import Debug
from awed.model.events import Event
from awed.model.records import Batch, DeleteNodes
from awed.scheduler.changes import Prepare
from awed.web.request import ShortRequest

EVENT = Event("WF", datetime(2026, 1, 1, tzinfo=UTC), {"wuid": "j_0_0", "jobid": "j", "clientid": "c"}, "why")
REQUEST = cast(
    ShortRequest, SimpleNamespace(method=b"GET", shown_path="/job", uri=b"/job?secret", code=200, received=0.0)
)


def told(level: int) -> list[str]:
    """What the log tells of one thing of each sort."""
    debug = Debug(0, lambda level: None)
    debug.set_level(level)
    with capturedLogs() as logs:
        debug.answered(REQUEST)
        debug.committed(Batch(gone_jobs=["j"], events=[EVENT]), 0.001)
        debug.performed(Prepare("j_0", 1, "ann"), 0.002)
        debug.performed(DeleteNodes("1", "j", "ann", [("http://user:secret@host/", "n")]), 0.002)
    return [formatEvent(event) for event in logs]


def test_each_level_tells_more() -> None:
    assert told(0) == []
    (request,) = told(1)
    assert request.startswith("GET /job: 200 after ")
    assert told(2)[1:] == ["WF workunit fails running: why"]
    assert told(3)[2:] == ["commit of 1 records: 1.0 ms", "files, prepare: 2.0 ms", "files, deletenodes: 2.0 ms"]


def test_an_event_names_what_it_is_about() -> None:
    debug = Debug(2, lambda level: None)
    with capturedLogs() as logs:
        debug.committed(Batch(events=[EVENT]), 0.001)
    assert {name: logs[0][name] for name in ("job", "work", "client")} == {"job": "j", "work": "j_0_0", "client": "c"}


def test_a_new_level_is_told_of() -> None:
    levels: list[int] = []
    debug = Debug(0, levels.append)
    debug.set_level(3)
    assert (levels, debug.level) == ([3], 3)
