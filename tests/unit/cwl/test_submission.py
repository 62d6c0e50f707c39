"""A workflow becomes one document."""

from pathlib import Path

from cwltool.load_tool import load_tool

from awed.cwl.access import Access
from awed.cwl.nodes import Nodes
from awed.cwl.program import Asked, loading
from awed.cwl.submission import packed
from tests.unit.cwl.tools import NOWHERE

WORKFLOW = """
cwlVersion: v1.2
class: Workflow
inputs: {reads: File}
steps:
  sort:
    in: {reads: reads}
    out: [reads]
    run:
      class: CommandLineTool
      inputs: {reads: {type: File, inputBinding: {position: 1}}}
      baseCommand: sort
      stdout: sorted
      outputs: {reads: {type: File, outputBinding: {glob: sorted}}}
outputs: {reads: {type: File, outputSource: sort/reads}}
"""


def test_an_output_of_a_tool_may_be_called_as_its_input_is(tmp_path: Path) -> None:
    """In a tool within a step cwltool took it for the input, and the run failed at the worker."""
    (tmp_path / "flow.cwl").write_text(WORKFLOW)
    status, text = packed(Asked(str(tmp_path / "flow.cwl"), quiet=True), Access(Nodes(NOWHERE)))
    assert status == 0
    (tmp_path / "packed.cwl").write_text(text)
    (step,) = load_tool((tmp_path / "packed.cwl").as_uri(), loading()).steps  # type: ignore[attr-defined]
    (output,) = step.embedded_tool.tool["outputs"]
    assert output["outputBinding"] == {"glob": "sorted"}
