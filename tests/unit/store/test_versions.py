"""Stored records do not change without a new version, and each version is converted to the next."""

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
    assert versions.changed("jobs", ['{"priority": 5}'], 2) == {"jobs": ['{"priority":11}']}
    assert versions.changed("jobs", ['{"priority": 5}'], 4) == {"jobs": ['{"priority": 5}']}
    assert [kind.name for kind in versions.changed_kinds(3)] == ["tasks", "jobs"]


def test_what_awed_0_1_0_did_not_say_of_jobs_and_tasks() -> None:
    """A job acted for its owner, and the nodes of all outputs but those that are updated were made for it."""
    job = changed("jobs", {"acl": {"owner": "ann"}})
    assert job["submitter"] == "ann"
    job["acl"]["owner"] = "bob"
    assert changed("jobs", job) == job
    outputs = [{"node": "a", "type": ""}, {"node": "b", "type": "update"}, {"node": "-", "type": ""}]
    assert changed("tasks", {"task": {"outputs": outputs}})["made"] == ["a"]


def test_passwords_that_awed_0_1_0_kept_in_urls_are_gone() -> None:
    files = [{"node": "-", "type": "", "host": "http://u:p@h", "url": "https://u:p@h/a?b"}, {"node": "-", "type": ""}]
    task = {"task": {"inputs": files, "outputs": files, "predata": None}}
    for file in changed("tasks", task)["task"]["inputs"], changed("tasks", task)["task"]["outputs"]:
        assert file[0] == {**files[0], "host": "http://u@h", "url": "https://u@h/a?b"}


def test_performance_was_told_with_the_logs() -> None:
    whose = {"wuid": "a_0_1", "jobid": "a", "taskid": "a_0", "rank": 1}
    old = [{**whose, "stdout": "out", "perf": perf} for perf in ({"runtime": 1}, None)]
    texts = [msgspec.json.encode(report).decode() for report in old]
    found = versions.changed("reports", texts, 4)
    assert list(found) == ["perfs", "reports"], "what was taken out is written first"
    assert [msgspec.json.decode(text) for text in found["perfs"]] == [{**whose, "perf": {"runtime": 1}}]
    assert [msgspec.json.decode(text) for text in found["reports"]] == 2 * [{**whose, "stdout": "out"}]
    assert versions.changed("reports", found["reports"], 4) == {"reports": found["reports"]}


def test_what_is_taken_out_goes_through_the_later_steps_of_its_own_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (
        Step(records={"work": dict.clear}),
        Step(apart={"jobs": ("work", lambda job: job.pop("work", None))}),
        Step(records={"work": lambda work: work.update(new=1)}),
    )
    monkeypatch.setattr(versions, "STEPS", steps)
    assert versions.changed("jobs", ['{"work":{"a":2}}'], 1) == {"work": ['{"a":2,"new":1}'], "jobs": ["{}"]}


def changed(name: str, record: dict[str, Any]) -> Any:
    """What a record of the first version is now."""
    return msgspec.json.decode(versions.changed(name, [msgspec.json.encode(record).decode()], 1)[name][0])


@pytest.mark.parametrize("number", ["1" + "0" * 40, "0.1", "-9223372036854775809", '"\\u0000\\ud83e\\uddec"'])
def test_what_no_step_names_is_as_it_was(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setattr(versions, "STEPS", (Step(records={"jobs": lambda job: job.update(new=1)}),))
    found = versions.changed("jobs", [f'{{"any":[{number}]}}'], 1)["jobs"]
    assert msgspec.json.decode(found[0]) == {"any": [msgspec.json.decode(number)], "new": 1}


@pytest.mark.parametrize(
    ("version", "shared", "said"), [(99, False, "newer"), (99, True, "newer"), (1, True, "older")]
)
def test_what_cannot_be_used_is_said(version: int, shared: bool, said: str) -> None:
    with pytest.raises(ValueError, match=f"schema version {version}, of an? {said} awed"):
        versions.require_usable(version, shared)
