"""Documents that were sent to the original are read, and refused documents are refused with the same words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from awed.model.errors import Invalid
from awed.model.states import JobState
from awed.workflow.reader import read_import, read_submission

EXCHANGES = Path(__file__).parents[2] / "data" / "exchanges"
NOW = datetime(2026, 11, 23, 20, 41, 5, tzinfo=UTC)
JOB_ID = "128068d0-9ebf-4027-a1c9-1578d354c940"


def exchange(name: str) -> tuple[bytes, Any]:
    """The document that was sent, and the data or error that came back."""
    recorded = json.loads((EXCHANGES / f"{name}.json").read_bytes())
    answer = recorded["response"]["body"]
    return recorded["request"]["parts"][0]["content"].encode(), answer["data"] or answer["error"]


SUBMISSIONS = ["single", "chain", "depform", "newform", "shock", "token"]


@pytest.mark.parametrize("name", [*(f"v0.9.51/{name}_submit" for name in SUBMISSIONS), "head/single_submit"])
def test_reads_what_the_original_read(name: str) -> None:
    body, answer = exchange(name)
    job = read_submission(body, now=NOW, new_id=lambda: answer["id"]).job
    assert job.id == answer["id"]
    assert job.shockhost == answer["shockhost"]
    assert job.info.priority == answer["info"]["priority"]
    assert [task.taskid for task in job.tasks] == [task["taskid"] for task in answer["tasks"]]
    assert [task.depends_on for task in job.tasks] == [task["dependsOn"] for task in answer["tasks"]]
    for task, expected in zip(job.tasks, answer["tasks"], strict=True):
        for files, shown in ((task.inputs, expected["inputs"]), (task.outputs, expected["outputs"])):
            assert [(io.filename, io.host, io.node, io.url, io.size, io.origin) for io in files] == [
                tuple(io[key] for key in ("filename", "host", "node", "url", "size", "origin")) for io in shown or []
            ]


@pytest.mark.parametrize("name", ["submit_dup_inputs", "submit_empty_tasks", "submit_with_short_id"])
def test_refuses_with_the_words_of_the_original(name: str) -> None:
    body, [expected] = exchange(f"v0.9.51/{name}")
    with pytest.raises(Invalid) as refused:
        read_submission(body, now=NOW, new_id=lambda: "cd4e2820-57cd-4834-8c39-bc4710fb1644")
    [text] = refused.value.texts
    assert expected.endswith(text)


def test_imports_a_finished_job() -> None:
    body, answer = exchange("v0.9.51/import_ok")
    job = read_import(body, now=NOW)
    assert (job.id, job.state, job.registered) == (answer["id"], JobState.COMPLETED, False)
    assert job.info.completedtime == datetime(2015, 3, 5, 5, 6, 7, tzinfo=UTC)
    assert (job.remaintasks, job.tasks[0].remainwork) == (0, 0)


def test_imports_what_the_original_shows_of_a_finished_job() -> None:
    recorded = json.loads((EXCHANGES / "v0.9.51" / "shock_job_end.json").read_bytes())["response"]["body"]["data"]
    job = read_import(json.dumps(recorded).encode(), now=NOW)
    assert job.tasks[1].inputs[0].node == recorded["tasks"][1]["inputs"][0]["node"]
    assert job.tasks[0].computetime == 3
