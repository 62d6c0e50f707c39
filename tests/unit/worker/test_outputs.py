"""A workunit is done only if what it declares is there."""

import os
from pathlib import Path

import pytest

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
