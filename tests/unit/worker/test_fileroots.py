"""Files that tasks share with others: each is there as a whole, whoever brings it, or not at all."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from awed.worker.fileroots import FileRoots


def delivered(tmp_path: Path, name: str = "result", text: str = "text") -> Path:
    """The file *name* below a root, to which a file with *text* was delivered."""
    source, target = tmp_path / text[:9], tmp_path / "root" / name
    source.write_text(text)
    FileRoots([tmp_path / "root"]).deliver(source, target)
    return target


@pytest.mark.parametrize("name", ["a" * 255, "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 85])
def test_a_file_may_have_the_longest_name_that_there_is(tmp_path: Path, name: str) -> None:
    assert delivered(tmp_path, name).read_text() == "text"


def test_two_that_bring_the_same_file_at_the_same_time_do_not_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when work goes to another worker while one that was lost goes on."""

    def copy(source: Any, target: Any, size: int) -> None:
        monkeypatch.undo()
        target.write(source.read(4))
        target.flush()
        assert delivered(tmp_path, text="shorter").read_text() == "shorter"
        copied(source, target, size)

    copied = shutil.copyfileobj
    monkeypatch.setattr(shutil, "copyfileobj", copy)
    assert delivered(tmp_path, text="longer and longer").read_text() == "longer and longer"
    assert os.listdir(tmp_path / "root") == ["result"]


def test_what_cannot_be_brought_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Any, target: Any, size: int) -> None:
        target.write(b"te")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    with pytest.raises(OSError, match="No space"):
        delivered(tmp_path)
    assert os.listdir(tmp_path / "root") == []
