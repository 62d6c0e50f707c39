"""Predata are fetched once, shared, and never changed."""

import os
import stat
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.logger import capturedLogs

from awed.model.errors import Unavailable
from awed.worker.cache import Cache, evict
from awed.worker.workdir import ARRIVING
from tests.unit.worker.builders import IN_THREAD, result


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "cache"
    directory.mkdir()
    return directory


class Source:
    """Fetches when it is let."""

    def __init__(self) -> None:
        self.fetches: list[Deferred[None]] = []

    def fetch(self, path: Path) -> Deferred[None]:
        path.write_text("content")
        self.fetches.append(Deferred())
        return self.fetches[-1]


def fetch(path: Path) -> Deferred[None]:
    path.write_text("content")
    return succeed(None)


def fetch_again(path: Path) -> Deferred[None]:
    raise AssertionError("it is here already")


def test_two_who_want_the_same_share_one_fetch_and_each_has_its_own_copy(directory: Path, tmp_path: Path) -> None:
    cache, source = Cache(directory, IN_THREAD), Source()
    one, two = (Deferred.fromCoroutine(cache.copy("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    assert len(source.fetches) == 1
    source.fetches[0].callback(None)
    assert one.called
    assert two.called
    assert len(source.fetches) == 1
    inodes = {path.stat().st_ino for path in (tmp_path / "one", tmp_path / "two", *directory.iterdir())}
    assert len(inodes) == 3
    assert (tmp_path / "two").read_text() == "content"
    assert all(stat.S_IMODE((tmp_path / name).stat().st_mode) & stat.S_IWUSR for name in ("one", "two"))


def test_what_failed_is_fetched_by_the_next(directory: Path, tmp_path: Path) -> None:
    cache, source = Cache(directory, IN_THREAD), Source()
    one, two = (Deferred.fromCoroutine(cache.copy("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    source.fetches[0].errback(Unavailable("gone"))
    one.addErrback(lambda failure: failure.trap(Unavailable))
    assert len(source.fetches) == 2
    source.fetches[1].callback(None)
    assert two.called
    assert (tmp_path / "two").read_text() == "content"


def test_one_who_gives_up_does_not_stop_the_other(directory: Path, tmp_path: Path) -> None:
    cache, source = Cache(directory, IN_THREAD), Source()
    one, two = (Deferred.fromCoroutine(cache.copy("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    one.cancel()
    one.addErrback(lambda _: None)
    source.fetches[-1].callback(None)
    assert two.called
    assert (tmp_path / "two").exists()


def test_a_worker_finds_what_an_earlier_one_kept(directory: Path, tmp_path: Path) -> None:
    result(Cache(directory, IN_THREAD).copy("key", tmp_path / "one", fetch))
    result(Cache(directory, IN_THREAD).copy("key", tmp_path / "two", fetch_again))
    assert (tmp_path / "two").read_text() == "content"


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_changed_in_the_cache_is_fetched_anew(directory: Path, tmp_path: Path, restarted: bool) -> None:
    cache = Cache(directory, IN_THREAD)
    result(cache.copy("key", tmp_path / "one", fetch))
    result(cache.copy("key", tmp_path / "two", fetch_again))
    (kept,) = directory.iterdir()
    kept.chmod(0o644)
    kept.write_text("CONTENT")
    with capturedLogs() as logs:
        result((Cache(directory, IN_THREAD) if restarted else cache).copy("key", tmp_path / "three", fetch))
    assert (tmp_path / "three").read_text() == "content"
    assert [event["log_format"] for event in logs] == ["{path} is damaged, it is fetched anew"]


def test_what_cannot_be_kept_is_used_all_the_same(directory: Path, tmp_path: Path) -> None:
    directory.rmdir()
    with capturedLogs() as logs:
        result(Cache(directory, IN_THREAD).copy("key", tmp_path / "one", fetch))
    assert (tmp_path / "one").read_text() == "content"
    assert "No such file or directory" in str(logs[0]["error"])


def test_what_was_used_longest_ago_goes_first(directory: Path) -> None:
    for age, name in enumerate(["new", "middle", "old", f"arriving{ARRIVING}"]):
        (directory / name).write_bytes(b"x" * 10)
        os.utime(directory / name, (1000 - age, 1000 - age))
    evict(directory, 20, directory / "new")
    assert {path.name for path in directory.iterdir()} == {"new", "middle", f"arriving{ARRIVING}"}
    evict(directory, 0, directory / "new")
    assert {path.name for path in directory.iterdir()} == {"new", f"arriving{ARRIVING}"}
