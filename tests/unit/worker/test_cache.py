"""Predata are fetched once, shared, and never changed."""

import os
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from awed.model.errors import Unavailable
from awed.worker.cache import Cache, evict
from awed.worker.workdir import ARRIVING
from tests.unit.worker.builders import IN_THREAD


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


def test_two_who_want_the_same_share_one_fetch(directory: Path, tmp_path: Path) -> None:
    cache, source = Cache(directory, IN_THREAD), Source()
    one, two = (Deferred.fromCoroutine(cache.link("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    assert len(source.fetches) == 1
    assert not (tmp_path / "one").exists()
    source.fetches[0].callback(None)
    assert one.called
    assert two.called
    assert len(source.fetches) == 1
    assert (tmp_path / "one").samefile(tmp_path / "two")
    assert (tmp_path / "one").read_text() == "content"
    assert (tmp_path / "one").stat().st_mode & 0o222 == 0


def test_what_failed_is_fetched_by_the_next(directory: Path, tmp_path: Path) -> None:
    cache, source = Cache(directory, IN_THREAD), Source()
    one, two = (Deferred.fromCoroutine(cache.link("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    source.fetches[0].errback(Unavailable("gone"))
    one.addErrback(lambda failure: failure.trap(Unavailable))
    assert len(source.fetches) == 2
    source.fetches[1].callback(None)
    assert two.called
    assert not (tmp_path / "one").exists()
    assert (tmp_path / "two").read_text() == "content"


def test_one_who_gives_up_does_not_stop_the_other(directory: Path, tmp_path: Path) -> None:
    cache, source = Cache(directory, IN_THREAD), Source()
    one, two = (Deferred.fromCoroutine(cache.link("key", tmp_path / name, source.fetch)) for name in ("one", "two"))
    one.cancel()
    one.addErrback(lambda _: None)
    source.fetches[-1].callback(None)
    assert two.called
    assert (tmp_path / "two").exists()


def test_what_was_used_longest_ago_goes_first_and_what_is_linked_stays_where_it_is(
    directory: Path, tmp_path: Path
) -> None:
    for age, name in enumerate(["new", "middle", "old", f"arriving{ARRIVING}"]):
        (directory / name).write_bytes(b"x" * 10)
        os.utime(directory / name, (1000 - age, 1000 - age))
    os.link(directory / "old", tmp_path / "in-use")
    evict(directory, 20, directory / "new")
    assert {path.name for path in directory.iterdir()} == {"new", "middle", f"arriving{ARRIVING}"}
    assert (tmp_path / "in-use").exists()
    evict(directory, 0, directory / "new")
    assert {path.name for path in directory.iterdir()} == {"new", f"arriving{ARRIVING}"}
