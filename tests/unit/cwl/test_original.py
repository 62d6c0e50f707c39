"""What the submitter of the original adds to a document is no obstacle."""

import json
from pathlib import Path

import pytest

from awed.cwl.original import without_own

OWN = {"class": "ShockRequirement", "shock_api_url": "http://shock.example"}


@pytest.mark.parametrize(
    ("requirements", "left"), [([OWN, {"class": "X"}], [{"class": "X"}]), ({OWN["class"]: {}}, {})]
)
def test_its_requirement_is_left_out_at_each_level(tmp_path: Path, requirements: object, left: object) -> None:
    document = {"$graph": [{"id": "main", "steps": [{"run": {"requirements": requirements}}], "hints": requirements}]}
    (tmp_path / "flow.cwl").write_text(json.dumps(document))
    made, _, entrypoint = without_own(f"{tmp_path}/flow.cwl#main").partition("#")
    assert entrypoint == "main"
    process = json.loads(Path(made).read_text())["$graph"][0]
    assert (process["hints"], process["steps"][0]["run"]["requirements"]) == (left, left)
    assert (tmp_path / "flow.cwl").read_text() == json.dumps(document)


def test_any_other_document_is_run_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "flow.cwl").write_text("class: Workflow")
    for tool in (f"{tmp_path}/flow.cwl", f"{tmp_path}/flow.cwl#main", "http://example.org/x.cwl"):
        assert without_own(tool) == tool
