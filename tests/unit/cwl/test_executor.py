"""What is run of a workflow."""

from pathlib import Path
from typing import Any, cast

from cwltool.load_tool import load_tool

from awed.cwl.access import Access
from awed.cwl.executor import Executor
from awed.cwl.nodes import Nodes
from awed.cwl.program import Asked, loading, running
from awed.cwl.submission import Order
from tests.unit.cwl.tools import NOWHERE

TOOL = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: echo\ninputs: {numbers: 'int[]'}\noutputs: {}\n"


class Recorder(Executor):
    """Runs nothing."""

    def run_jobs(self, process: Any, job_order_object: Any, *args: Any) -> None:
        self.found = job_order_object


def test_inputs_are_plain_lists_and_objects(tmp_path: Path) -> None:
    """Those of ruamel.yaml take n * n steps to copy n values: ten thousand files took more than an hour."""
    (tmp_path / "tool.cwl").write_text(TOOL)
    (tmp_path / "job.json").write_text('{"numbers": [1, 2]}')
    asked = Asked(str(tmp_path / "tool.cwl"), [str(tmp_path / "job.json")], quiet=True)
    for executor in (Recorder(cast(Any, None), lambda outputs: outputs, survives=False), Order()):
        asked.read(Access(Nodes(NOWHERE)), executor)
        found = cast(Any, executor).found
        assert (type(found), type(found["numbers"]), found["numbers"]) == (dict, list, [1, 2])


def test_steps_of_a_name_are_numbered(tmp_path: Path) -> None:
    """As by cwltool, but without trying all that are taken."""
    (tmp_path / "named-of-this-test.cwl").write_text(TOOL)
    process = load_tool((tmp_path / "named-of-this-test.cwl").as_uri(), loading())
    context = running(Access(Nodes(NOWHERE)))
    made = [next(process.job({"numbers": []}, lambda outputs, status: None, context)) for _ in range(3)]
    names = [cast(Any, one).name for one in made]
    assert names == [names[0], f"{names[0]}_2", f"{names[0]}_3"]
