"""What is run of a workflow."""

from pathlib import Path
from typing import Any, cast

from awed.cwl.access import Access
from awed.cwl.executor import Executor
from awed.cwl.nodes import Nodes
from awed.cwl.program import Asked
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
