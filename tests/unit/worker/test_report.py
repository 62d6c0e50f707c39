"""Reports of a worker's own making, and how one becomes small."""

from awed.model.work import Perf, ReportStatus
from awed.worker.report import Finished, refusal
from tests.unit.worker.builders import CLIENT, JOB

WUID = f"{JOB}_0_0"


def test_without_an_end_there_is_no_exit_status_and_empty_logs_are_not_sent() -> None:
    finished = refusal(WUID, 1, "no", "way")
    assert "exitstatus" not in finished.query(CLIENT)
    assert list(dict(finished.parts())) == ["perf", "worknotes"]
    assert finished.worknotes == "no\nway"


def test_without_logs_a_report_keeps_what_counts() -> None:
    large = Finished(WUID, 1, ReportStatus.DONE, Perf(runtime=1), 0, "x" * 5000, b"o", b"e")
    small = large.without_logs()
    assert (small.status, small.exitstatus, small.perf) == (large.status, large.exitstatus, large.perf)
    assert not small.stdout
    assert not small.stderr
    assert "too large" in small.worknotes
    assert len(small.worknotes) < 1100
