"""What the journal says is what a worker finds that is started again, whenever the one before was killed."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.model.work import Perf, ReportStatus
from awed.worker import journal
from awed.worker.journal import Journal
from awed.worker.report import Finished


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports"


def opened(path: Path) -> Journal:
    found = Journal(path)
    found.open()
    return found


def finished(wuid: str, attempt: int = 1) -> Finished:
    return Finished(wuid, attempt, ReportStatus.DONE, Perf(runtime=1.5), 0, "n\note", b"out\n\xff", b"err")


def test_a_report_is_found_as_it_was_until_it_is_settled(path: Path) -> None:
    first = opened(path)
    first.add(finished("a"))
    first.add(finished("b"))
    second = opened(path)
    assert list(second.reports.values()) == [finished("a"), finished("b")]
    second.settle([finished("a")])
    assert list(opened(path).reports) == [("b", 1)]


def test_what_was_half_written_is_none_and_spoils_nothing(path: Path) -> None:
    opened(path).add(finished("a"))
    opened(path).add(finished("b"))
    os.truncate(path, path.stat().st_size - 3)
    again = opened(path)
    again.add(finished("c"))
    assert list(opened(path).reports) == [("a", 1), ("c", 1)]


def test_what_a_crash_of_the_machine_has_left_in_place_of_a_line_spoils_nothing(path: Path) -> None:
    opened(path).add(finished("a"))
    opened(path).add(finished("b"))
    path.write_bytes(path.read_bytes().replace(b'"b"', b'"\xff"'))
    assert list(opened(path).reports) == [("a", 1)]


def test_without_room_nothing_is_half_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = opened(path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:10]))
    with pytest.raises(OSError, match="no room for"):
        full.add(finished("a"))
    monkeypatch.undo()
    full.add(finished("b"))
    assert list(full.reports) == [("a", 1), ("b", 1)]
    assert list(opened(path).reports) == [("b", 1)]


def test_it_does_not_grow_with_what_is_settled(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LIMIT", 10_000)
    busy = opened(path)
    busy.add(finished("stays"))
    for number in range(200):
        busy.add(finished(str(number)))
        busy.settle([finished(str(number))])
        assert path.stat().st_size < 11_000
    assert list(opened(path).reports) == [("stays", 1)]


def test_many_that_wait_are_not_written_anew_for_each_that_is_settled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LIMIT", 1000)
    busy = opened(path)
    for number in range(100):
        busy.add(finished(str(number)))
    written: list[int] = []
    monkeypatch.setattr(Path, "write_bytes", lambda self, content: written.append(len(content)))
    monkeypatch.setattr(Path, "replace", lambda self, target: None)
    full = path.stat().st_size
    for number in range(100):
        busy.settle([finished(str(number))])
    assert sum(written) < full


def test_if_it_cannot_be_written_anew_it_is_used_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LIMIT", 0)
    busy = opened(path)
    for name in "ab":
        busy.add(finished(name))
    path.with_name("reports.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        busy.settle([finished("a")])
    busy.add(finished("c"))
    path.with_name("reports.new").rmdir()
    assert list(opened(path).reports) == [("a", 1), ("b", 1), ("c", 1)]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"))), st.integers(0, 400))
def test_what_is_cut_off_anywhere_is_a_state_that_was(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, str]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "reports"
    kept = opened(path)
    states = [set(kept.reports)]
    for comes, name in steps:
        if comes:
            kept.add(finished(name))
        else:
            kept.settle([finished(name)])
        states.append(set(kept.reports))
    kept.close()
    os.truncate(path, max(0, path.stat().st_size - cut))
    found = opened(path)
    assert set(found.reports) in states
    found.close()
