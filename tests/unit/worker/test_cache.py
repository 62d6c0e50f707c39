"""Predata are fetched once, shared, and never changed."""

import os
import stat
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.logger import capturedLogs

from awed.model.errors import Unavailable
from awed.worker.cache import Cache
from awed.worker.workdir import ARRIVING
from tests.unit.worker.builders import IN_THREAD, result


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "cache"
    directory.mkdir()
    return directory


def plenty(wanted: int) -> bool:
    """No disk is low."""
    return False


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
    cache, source = Cache(directory, IN_THREAD, plenty), Source()
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
    cache, source = Cache(directory, IN_THREAD, plenty), Source()
    one, two = (Deferred.fromCoroutine(cache.copy("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    source.fetches[0].errback(Unavailable("gone"))
    one.addErrback(lambda failure: failure.trap(Unavailable))
    assert len(source.fetches) == 2
    source.fetches[1].callback(None)
    assert two.called
    assert (tmp_path / "two").read_text() == "content"


def test_one_who_gives_up_does_not_stop_the_other(directory: Path, tmp_path: Path) -> None:
    cache, source = Cache(directory, IN_THREAD, plenty), Source()
    one, two = (Deferred.fromCoroutine(cache.copy("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    one.cancel()
    one.addErrback(lambda _: None)
    source.fetches[-1].callback(None)
    assert two.called
    assert (tmp_path / "two").exists()


def test_a_worker_finds_what_an_earlier_one_kept(directory: Path, tmp_path: Path) -> None:
    result(Cache(directory, IN_THREAD, plenty).copy("key", tmp_path / "one", fetch))
    result(Cache(directory, IN_THREAD, plenty).copy("key", tmp_path / "two", fetch_again))
    assert (tmp_path / "two").read_text() == "content"


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_changed_in_the_cache_is_fetched_anew(directory: Path, tmp_path: Path, restarted: bool) -> None:
    cache = Cache(directory, IN_THREAD, plenty)
    result(cache.copy("key", tmp_path / "one", fetch))
    result(cache.copy("key", tmp_path / "two", fetch_again))
    (kept,) = directory.iterdir()
    kept.chmod(0o644)
    kept.write_text("CONTENT")
    with capturedLogs() as logs:
        result((Cache(directory, IN_THREAD, plenty) if restarted else cache).copy("key", tmp_path / "three", fetch))
    assert (tmp_path / "three").read_text() == "content"
    assert [event["log_format"] for event in logs] == ["{path} is damaged, it is fetched anew"]


def test_what_cannot_be_kept_is_used_all_the_same(directory: Path, tmp_path: Path) -> None:
    cache = Cache(directory, IN_THREAD, plenty)
    directory.rmdir()
    with capturedLogs() as logs:
        result(cache.copy("key", tmp_path / "one", fetch))
    assert (tmp_path / "one").read_text() == "content"
    assert "No such file or directory" in str(logs[0]["error"])


@pytest.fixture
def aged(directory: Path) -> Path:
    """Three files of ten bytes and one that arrives, which is older."""
    for age, name in enumerate(["new", "middle", "old", f"arriving{ARRIVING}"]):
        (directory / name).write_bytes(b"x" * 10)
        os.utime(directory / name, (1000 - age, 1000 - age))
    return directory


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {f"arriving{ARRIVING}"}


@pytest.mark.parametrize(
    ("limit", "left"), [(30, {"new", "middle", "old"}), (29, {"new", "middle"}), (10, {"new"}), (9, set())]
)
def test_what_was_used_longest_ago_goes_first(aged: Path, limit: int, left: set[str]) -> None:
    cache = Cache(aged, IN_THREAD, plenty, limit)
    assert names(aged) == left
    assert cache.size == 10 * len(left)
    assert (aged / f"arriving{ARRIVING}").exists()


def test_as_much_goes_as_the_disk_needs(aged: Path) -> None:
    def is_low(wanted: int) -> bool:
        return 10 * len(names(aged)) + wanted > 45

    cache = Cache(aged, IN_THREAD, is_low)
    assert names(aged) == {"new", "middle", "old"}
    cache.evict(20)
    assert names(aged) == {"new", "middle"}


def test_a_full_disk_keeps_nothing_for_others(directory: Path, tmp_path: Path) -> None:
    cache = Cache(directory, IN_THREAD, lambda wanted: True)
    result(cache.copy("key", tmp_path / "one", fetch))
    assert (tmp_path / "one").read_text() == "content"
    assert names(directory) == set()
