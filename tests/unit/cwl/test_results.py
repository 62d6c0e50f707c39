"""Outputs of a run that are brought to a directory."""

from pathlib import Path
from typing import Any

import pytest
from cwltool.errors import WorkflowException

from awed.cwl.access import Access
from awed.cwl.nodes import Nodes
from awed.cwl.results import fetched
from tests.unit.cwl.tools import NOWHERE

FILE = {"class": "File", "location": "_:1", "basename": "x", "contents": "said"}


def fetch(output: dict[str, Any], outdir: Path) -> Any:
    nodes = Nodes(NOWHERE)
    return fetched({"out": output}, Access(nodes), nodes, outdir)["out"]


def test_an_output_is_brought_to_the_directory_wherever_it_says_it_is(tmp_path: Path) -> None:
    """A workflow can say anything of its files."""
    found = fetch({**FILE, "dirname": str(tmp_path)}, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "said"
    assert found["location"] == (tmp_path / "out" / "x").as_uri()


@pytest.mark.parametrize("name", ["../x", "/x", "a/x", "..", ".", "", "x\0"])
@pytest.mark.parametrize("is_directory", [False, True])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str, is_directory: bool) -> None:
    output: dict[str, Any] = {**FILE, "basename": name}
    if is_directory:
        output = {"class": "Directory", "location": "_:2", "basename": name, "listing": [FILE]}
    with pytest.raises(WorkflowException, match="which is none of a file"):
        fetch({"class": "Directory", "location": "_:3", "basename": "d", "listing": [output]}, tmp_path / "out")
    assert not [*tmp_path.iterdir()]
