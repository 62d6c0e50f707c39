"""Reports say what the original's say, and more only where a server of the original does not mind."""

import json
from pathlib import Path

import pytest

from awed.model.attempts import Cause
from awed.model.work import Perf, ReportStatus
from awed.wire.reports import MAX_COMPUTETIME, RunReport
from tests.unit.worker.builders import CLIENT, JOB

EXCHANGES = Path(__file__).parents[2] / "data" / "exchanges"
WUID = f"{JOB}_0_0"


def test_the_performance_record_begins_with_the_original_s_keys() -> None:
    recorded = json.loads((EXCHANGES / "v0.9.51" / "single_done.json").read_text())
    parts = {part["name"]: part["content"] for part in recorded["request"]["parts"]}
    finished = RunReport(WUID, 2, ReportStatus.DONE, Perf(runtime=2.6, client_id=CLIENT), 0, "note", b"out", b"err")
    sent = dict(finished.parts())
    original = list(json.loads(parts["perf"]))
    assert list(json.loads(sent["perf"]))[: len(original)] == original
    assert list(sent) == [part["name"] for part in recorded["request"]["parts"]]


def test_the_query_names_status_attempt_and_time() -> None:
    finished = RunReport(WUID, 2, ReportStatus.FAIL, Perf(runtime=2.6), 42, cause=Cause.EXIT)
    assert finished.query(CLIENT) == {
        "status": "fail",
        "client": CLIENT,
        "computetime": "3",
        "attempt": "2",
        "exitstatus": "42",
        "cause": "exit",
    }


@pytest.mark.parametrize(("runtime", "told"), [(-3600.4, 0), (1.8e9, MAX_COMPUTETIME)])
def test_a_clock_that_was_set_meanwhile_makes_no_report_that_is_refused(runtime: float, told: int) -> None:
    finished = RunReport(WUID, 2, ReportStatus.DONE, Perf(runtime=runtime))
    assert finished.entry().computetime == told
    assert finished.query(CLIENT)["computetime"] == str(told)
