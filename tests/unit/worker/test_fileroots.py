"""Files that tasks share with others: each is there as a whole, whoever brings it, or not at all."""

import os
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from awed.worker import copying
from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots


def delivered(tmp_path: Path, name: str = "result", text: str = "text") -> Path:
    """The file *name* below a root, to which a file with *text* was delivered."""
    source, target = tmp_path / text[:9], tmp_path / "root" / name
    source.write_text(text)
    target.parent.mkdir(exist_ok=True)
    FileRoots([tmp_path / "root"]).deliver(source, target)
    return target


@pytest.mark.parametrize("name", ["a" * 255, "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 85])
def test_a_file_may_have_the_longest_name_that_there_is(tmp_path: Path, name: str) -> None:
    assert delivered(tmp_path, name).read_text() == "text"


def test_two_that_bring_the_same_file_at_the_same_time_do_not_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when work goes to another worker while one that was lost goes on."""

    def copy(source: Any, target: Any, *args: Any) -> None:
        monkeypatch.undo()
        target.write(source.read(4))
        target.flush()
        assert delivered(tmp_path, text="shorter").read_text() == "shorter"
        copied(source, target, *args)

    copied = copying.copy
    monkeypatch.setattr(copying, "copy", copy)
    assert delivered(tmp_path, text="longer and longer").read_text() == "longer and longer"
    assert os.listdir(tmp_path / "root") == ["result"]


def test_what_cannot_be_brought_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Any, target: Any, *args: Any) -> None:
        target.write(b"te")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copying, "copy", fail)
    with pytest.raises(OSError, match="No space"):
        delivered(tmp_path)
    assert os.listdir(tmp_path / "root") == []


def test_a_directory_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    roots = FileRoots([tmp_path])
    with pytest.raises(FileNotFoundError):
        roots.copy_directory(tmp_path / "nonesuch", tmp_path / "copy")
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").touch()
    (tmp_path / "link").symlink_to("real")
    roots.copy_directory(tmp_path / "link", tmp_path / "copy")
    assert os.listdir(tmp_path / "copy") == ["file"]


def test_nothing_is_written_where_a_link_led_that_is_a_directory_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others can change what is below a root while it is copied."""
    root, private = tmp_path / "root", tmp_path / "private"
    (root / "in").mkdir(parents=True)
    private.mkdir()
    (root / "in" / "link").symlink_to(private)

    def readlink(name: str, dir_fd: int) -> str:
        target: str = read(name, dir_fd=dir_fd)
        (root / "in" / "link").unlink()
        (root / "in" / "link").mkdir()
        (root / "in" / "link" / "evil").touch()
        return target

    read = os.readlink
    roots = FileRoots([root])
    with monkeypatch.context() as patch:
        patch.setattr(os, "readlink", lambda name, dir_fd=None: readlink(name, dir_fd) if dir_fd else read(name))
        roots.copy_directory(root / "in", tmp_path / "copy")
    assert os.listdir(private) == []


def test_no_directory_is_made_where_a_link_leads_out(tmp_path: Path) -> None:
    """Nor a file: what is above it was another when its path was looked at."""
    (tmp_path / "root").mkdir()
    (tmp_path / "private").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "private")
    (tmp_path / "source").touch()
    with pytest.raises(WorkFailed, match="leads out of the --file-root"):
        FileRoots([tmp_path / "root"]).deliver(tmp_path / "source", tmp_path / "root" / "link" / "a" / "b")
    with pytest.raises(WorkFailed, match="not below a --file-root"):
        FileRoots([tmp_path / "root"]).deliver(tmp_path / "source", tmp_path / "root")
    assert os.listdir(tmp_path / "private") == []


def test_of_a_file_that_grows_as_much_is_copied_as_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that goes on to write to a shared file does not hold the threads of a worker."""
    growing = tmp_path / "growing"
    growing.write_bytes(b"x" * 100)
    read = copying.copy

    def grow(source: Any, target: Any, *args: Any) -> None:
        with growing.open("ab") as file:
            file.write(b"more")
        read(source, target, *args)

    monkeypatch.setattr(copying, "copy", grow)
    FileRoots([tmp_path]).copy_file(growing, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"x" * 100


def test_what_is_larger_than_the_disk_is_not_begun_and_a_run_that_is_over_copies_no_more(tmp_path: Path) -> None:
    roots, stop = FileRoots([tmp_path]), Event()
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 1 << 42)
    with pytest.raises(OSError, match="No space left"):
        roots.copy_file(tmp_path / "sparse", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size == 0
    stop.set()
    (tmp_path / "source").write_text("text")
    with pytest.raises(copying.Stopped):
        roots.deliver(tmp_path / "source", tmp_path / "target", stop)
    assert sorted(os.listdir(tmp_path)) == ["copy", "source", "sparse"]
