"""What is stored does not change without a new version, and versions lead to each other."""

from typing import Any

import msgspec
import pytest

from awed.store import versions
from awed.store.versions import Step
from tests.unit.store.shapes import FILE, shapes


def test_what_is_stored_changes_with_its_version_alone() -> None:
    assert shapes() == FILE.read_text(), "see CONTRIBUTING, Changing a record"


def test_a_record_goes_through_all_steps_since_its_version_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def double(job: dict[str, Any]) -> None:
        job["priority"] *= 2

    def increase(job: dict[str, Any]) -> None:
        job["priority"] += 1

    jobs = [Step(records={"jobs": change}) for change in (double, double, increase)]
    monkeypatch.setattr(versions, "STEPS", (*jobs, Step(records={"tasks": dict.clear})))
    assert versions.changed("jobs", '{"priority": 5}', 2) == '{"priority":11}'
    assert versions.changed("jobs", '{"priority": 5}', 4) == '{"priority": 5}'
    assert [kind.name for kind in versions.changed_kinds(3)] == ["tasks", "jobs"]


def test_what_awed_0_1_0_did_not_say_of_jobs_and_tasks() -> None:
    """A job acted for its owner, and the nodes of all outputs but those that are updated were made for it."""
    job = msgspec.json.decode(versions.changed("jobs", '{"acl": {"owner": "ann"}}', 1))
    assert job["submitter"] == "ann"
    job["acl"]["owner"] = "bob"
    assert msgspec.json.decode(versions.changed("jobs", msgspec.json.encode(job).decode(), 1)) == job
    outputs = [{"node": "a", "type": ""}, {"node": "b", "type": "update"}, {"node": "-", "type": ""}]
    text = msgspec.json.encode({"task": {"outputs": outputs}}).decode()
    assert msgspec.json.decode(versions.changed("tasks", text, 1))["made"] == ["a"]


@pytest.mark.parametrize("number", ["1" + "0" * 40, "0.1", "-9223372036854775809", '"\\u0000\\ud83e\\uddec"'])
def test_what_no_step_names_is_as_it_was(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setattr(versions, "STEPS", (Step(records={"jobs": lambda job: job.update(new=1)}),))
    found = msgspec.json.decode(versions.changed("jobs", f'{{"any":[{number}]}}', 1))
    assert found == {"any": [msgspec.json.decode(number)], "new": 1}


@pytest.mark.parametrize(
    ("version", "shared", "said"), [(99, False, "newer"), (99, True, "newer"), (1, True, "older")]
)
def test_what_cannot_be_used_is_said(version: int, shared: bool, said: str) -> None:
    with pytest.raises(ValueError, match=f"schema version {version}, of an? {said} awed"):
        versions.require_usable(version, shared)
