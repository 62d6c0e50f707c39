"""No file of a workunit lies outside of its directory."""

from pathlib import Path

import pytest

from awed.worker.errors import WorkFailed
from awed.worker.paths import inside, path_of
from tests.unit.worker.builders import file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "away").symlink_to(tmp_path)
    (root / "hosts").symlink_to("/etc/hosts")
    (root / "here").symlink_to(root)
    return root


@pytest.mark.parametrize(
    "names",
    [
        *(("../x",), ("/etc/passwd",), ("a/../../x",), ("",), (".",), ("..",), ("away", "x"), ("hosts",)),
        *(("a", "/etc/passwd"), ("a", "../../x"), ("here/away/x",), ("x\0y",), ("../rootx/y",)),
    ],
)
def test_what_leads_out_of_the_directory_is_refused(root: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(WorkFailed):
        inside(root, *names)


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("a",), "a"),
        (("d", "a"), "d/a"),
        (("", "a"), "a"),
        (("d/../a",), "a"),
        (("..a",), "..a"),
        (("here/a",), "here/a"),
    ],
)
def test_what_stays_inside_is_found(root: Path, names: tuple[str, ...], path: str) -> None:
    assert inside(root, *names) == root / path


def test_a_file_lies_in_the_directory_that_it_names(root: Path) -> None:
    assert path_of(root, file("a.txt", directory="sub")) == root / "sub" / "a.txt"
