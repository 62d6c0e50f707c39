"""A workunit is done only if what it declares is there."""

import os
from pathlib import Path

import pytest

from awed.model.job import IO
from awed.worker import patterns
from awed.worker.errors import WorkFailed
from awed.worker.outputs import find_outputs
from tests.unit.worker.builders import file


def test_what_is_declared_is_found_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a").write_text("abc")
    (tmp_path / "sub" / "b").touch()
    a, b = find_outputs(tmp_path, [file("a", nonzero=True), file("b", directory="sub")])
    assert (a.path, a.size) == (tmp_path / "a", 3)
    assert (b.path, b.size) == (tmp_path / "sub" / "b", 0)


def test_all_faults_are_told_together_each_kind_with_its_files(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/hosts")
    os.mkfifo(tmp_path / "pipe")
    declared = [
        *(file("gone"), file("lost", directory="sub"), file("empty", nonzero=True), file("folder")),
        *(file("link"), file("../up"), file("pipe")),
    ]
    with pytest.raises(WorkFailed) as failed:
        find_outputs(tmp_path, declared)
    assert failed.value.texts == [
        "missing output files: gone, sub/lost",
        "empty output files: empty",
        "outputs that are not plain files: folder, pipe",
        "output files outside of the work directory: link, ../up",
    ]


@pytest.mark.parametrize(
    "options",
    [{"optional": True}, {"nofile": True}, {"type": "update"}, {"type": "copy"}, {"nofile": True, "nonzero": True}],
)
def test_some_need_no_file(tmp_path: Path, options: dict[str, object]) -> None:
    assert find_outputs(tmp_path, [file("gone", **options)])[0].path is None


def test_an_optional_output_that_is_there_is_checked_like_others(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(WorkFailed, match="empty output files: empty"):
        find_outputs(tmp_path, [file("empty", optional=True, nonzero=True)])


def below(root: Path, pattern: str, url: str = "s3://b/k/") -> list[str]:
    """The URLs to which what *pattern* finds is brought."""
    return [output.io.url for output in find_outputs(root, [IO(filename=pattern, url=url)])]


def filled(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_directory_or_a_pattern_stands_for_files_each_with_its_url(tmp_path: Path) -> None:
    """Of names that are no UTF-8 too; the URL of a web server with a slash at its end is that of a file."""
    filled(tmp_path, "d/a b", "d/e/.f", "d/\udcff", "x.txt", "y.txt", ".z.txt", "d/e/v.txt")
    assert below(tmp_path, "d") == [f"s3://b/k/{name}" for name in ("a%20b", "e/.f", "e/v.txt", "%FF")]
    assert below(tmp_path, "*.txt") == ["s3://b/k/x.txt", "s3://b/k/y.txt"]
    assert below(tmp_path, "**/*.txt") == ["s3://b/k/d/e/v.txt", "s3://b/k/x.txt", "s3://b/k/y.txt"]
    assert below(tmp_path, "d/a?b", "FILE:///k/") == ["FILE:///k/d/a%20b"]
    assert below(tmp_path, "x.txt", "http://h/k/") == ["http://h/k/"]


def test_no_pattern_looks_outside_and_no_links_lead_round_and_round(tmp_path: Path) -> None:
    """A failure would tell in a sandbox which files there are beside it."""
    root = filled(tmp_path / "root", "in/a")
    filled(tmp_path, "secret/name")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "in" / "again").symlink_to(root / "in")
    (root / "in" / "more").symlink_to(root)
    assert below(root, "in/again/?") == ["s3://b/k/in/again/a"]
    assert below(root, "**/a") == ["s3://b/k/in/a"]
    for pattern in ("out", "out/*", "*/name", "**/name"):
        with pytest.raises(WorkFailed) as failed:
            below(root, pattern)
        assert "secret" not in str(failed.value)
        assert failed.value.texts[0].partition(": ")[2] == pattern


def test_what_lies_behind_a_link_to_a_directory_is_brought_too(tmp_path: Path) -> None:
    """Such as ``latest``, where each run has a directory; one that leads out is a failure, as with a file."""
    root = filled(tmp_path / "root", "d/run/a", "e/b")
    for name, target in {"latest": "run", "other": "../e", "round": "."}.items():
        (root / "d" / name).symlink_to(target)
    assert below(root, "d") == [f"s3://b/k/{name}" for name in ("latest/a", "other/b", "run/a")]
    (root / "d" / "out").symlink_to("/usr")
    with pytest.raises(WorkFailed, match="files outside of the work directory: d/out"):
        below(root, "d")


def test_more_files_than_one_output_may_stand_for_are_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of files are held, and of many with a fault some are told."""
    monkeypatch.setattr(patterns, "MOST", 30)
    root = filled(tmp_path, *(f"d/{number}" for number in range(30)))
    with pytest.raises(WorkFailed, match=r"empty output files: (\S+, ){19}\S+ and 10 more"):
        find_outputs(root, [IO(filename="d", url="s3://b/k/", nonzero=True)])
    filled(root, "d/x")
    with pytest.raises(WorkFailed, match=r"\*/\* stands for more than 30 files"):
        below(root, "*/*")
