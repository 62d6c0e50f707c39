"""The absolute paths of a task, where commands of this and of other tasks change what they can."""

import os
from pathlib import Path

import pytest

from awed.worker import patterns
from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots
from awed.worker.tree import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """One with a shared directory, and beside it a private one that has the file ``secret``."""
    for name in ("tree", "shared", "private"):
        (tmp_path / name).mkdir()
    (tmp_path / "private" / "secret").write_text("secret")
    return Tree(tmp_path / "tree", FileRoots([tmp_path / "shared"]))


def swapped(tree: Tree, monkeypatch: pytest.MonkeyPatch, place: Path, target: Path) -> None:
    """Have a link to *target* at *place*, in a shared directory, as soon as the tree has found where a path is."""

    def real(path: str) -> Path:
        found: Path = look(path)
        if not place.is_symlink():
            if place.is_dir():
                place.rmdir()
            place.symlink_to(target)
        return found

    look = tree.real
    monkeypatch.setattr(tree, "real", real)


def test_what_is_written_to_a_shared_path_does_not_follow_a_link_that_was_put_there_meanwhile(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker may write what its commands may not."""
    private = tmp_path / "private"
    swapped(tree, monkeypatch, tmp_path / "shared" / "file", private / "secret")
    with pytest.raises(OSError, match="symbolic links"), tree.written(f"{tmp_path}/shared/file") as file:
        file.write(b"evil")
    monkeypatch.undo()
    (tmp_path / "shared" / "folder").mkdir()
    swapped(tree, monkeypatch, tmp_path / "shared" / "folder", private)
    with pytest.raises(WorkFailed, match="leads out"), tree.written(f"{tmp_path}/shared/folder/new") as file:
        file.write(b"evil")
    with pytest.raises(WorkFailed, match="leads out"), tree.roots.directory(tmp_path / "shared" / "folder" / "made"):
        pass
    assert (os.listdir(private), (private / "secret").read_text()) == (["secret"], "secret")


def test_a_pattern_follows_links_as_commands_see_them(tree: Tree, tmp_path: Path) -> None:
    """A failure would tell which files there are beside the sandbox."""
    (tree.base / "data" / "a").mkdir(parents=True)
    (tree.base / "data" / "a" / "x.txt").touch()
    (tree.base / "data" / ".hidden").touch()
    (tree.base / "data" / "out").symlink_to(tmp_path / "private")
    (tree.base / "data" / "in").symlink_to("/data/a")
    (tmp_path / "shared" / "out").symlink_to("../private")
    assert tree.matching("/data/*") == ["/data/a", "/data/in"]
    assert tree.matching("/data/*/*.txt") == ["/data/a/x.txt", "/data/in/x.txt"]
    assert tree.matching("/data/out/*") == tree.matching(f"{tmp_path}/shared/*/*") == []


def test_links_in_circles_do_not_hold_a_thread_for_ever(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these directories is reached by twice as many ways as the one before."""
    monkeypatch.setattr(patterns, "MOST", 1000)
    for number in range(30):
        (tree.base / str(number)).mkdir()
        for name in "ab":
            (tree.base / str(number) / name).symlink_to(f"/{(number + 1) % 30}")
    with pytest.raises(WorkFailed, match="stands for more than 1000 files"):
        list(tree.everything("/0"))
    with pytest.raises(WorkFailed, match="stands for more than 1000 files"):
        tree.matching("/0/" + "*/" * 25)


def test_what_lies_behind_a_link_to_a_directory_is_brought_too(tree: Tree) -> None:
    """Such as ``latest``, where each run has a directory. What is no file stands for itself, and is a failure."""
    (tree.base / "out" / "run").mkdir(parents=True)
    (tree.base / "res").mkdir()
    (tree.base / "out" / "run" / "a").touch()
    (tree.base / "res" / "b").touch()
    for name, target in {"latest": "run", "res": "/res", "gone": "nowhere", "round": "."}.items():
        (tree.base / "out" / name).symlink_to(target)
    assert list(tree.files("/out")) == ["/out/gone", "/out/latest/a", "/out/res/b", "/out/run/a"]
    assert list(tree.everything("/out")) == ["/out/latest/a", "/out/res/b", "/out/run/a"]
