"""What a run may read of the machine where its runner is."""

from pathlib import Path

import pytest
from cwltool.errors import WorkflowException

from awed.cwl.access import Access
from awed.cwl.nodes import Nodes
from awed.cwl.program import Asked
from awed.cwl.submission import Order
from tests.unit.cwl.tools import NOWHERE

TOOL = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: cat\noutputs: {}\n"
PLAIN = "inputs: {file: File}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory of a run, beside a secret."""
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "own").write_text("own")
    return folder


@pytest.mark.parametrize(
    ("tool", "order"),
    [
        (PLAIN, "file: {class: File, location: %s}"),
        (PLAIN, "file: {class: File, path: ../secret}"),
        (PLAIN, "file: {class: File, path: link}"),
        (PLAIN, "file: {class: File, path: own, secondaryFiles: [{class: File, location: %s}]}"),
        (PLAIN, "file: {$include: %s}"),
        ("inputs: {file: Any}\n", "file: {$include: FILE:%p}"),
        ("inputs: {file: Any}\n", "file: {$include: '%s#/../../../../../../../../../..%r/own'}"),
        ("inputs: {file: {type: File, default: {class: File, location: %s}}}\n", "{}"),
        ("inputs: {}\narguments: [{$include: %s}]\n", "{}"),
        ("inputs: {}\narguments: [{$include: ../secret}]\n", "{}"),
        ("inputs: {}\narguments: [{$import: %s}]\n", "{}"),
        ("inputs: {}\nhints: {DockerRequirement: {dockerFile: {$include: %s}, dockerImageId: x}}\n", "{}"),
    ],
)
def test_a_run_reads_no_files_of_the_worker(
    root: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tool: str, order: str
) -> None:
    monkeypatch.chdir(root)
    path = root.parent / "secret"
    place, order = path.as_uri(), order.replace("%p", str(path)).replace("%r", str(root))
    (root / "tool.cwl").write_text(TOOL + tool.replace("%s", place))
    (root / "job.yaml").write_text(order.replace("%s", place))
    found = Order()
    asked = Asked("tool.cwl", ["job.yaml"], quiet=True)
    assert asked.read(Access(Nodes(NOWHERE), root), found) == (1, "")
    assert "is no file of the run" in capfd.readouterr().err


def test_a_run_reads_its_own_files(root: Path) -> None:
    access = Access(Nodes(NOWHERE), root)
    assert access.open(str(root / "own"), "r").read() == "own"
    assert access.glob(str(root / "o*")) == [(root / "own").as_uri()]
    for use in (access.local, access.address, access.listdir, access.exists):
        for path in ("link", "..", "../secret"):
            with pytest.raises(WorkflowException, match="is no file of the run"):
                use(str(root / path))
