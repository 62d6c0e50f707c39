"""Which tasks a list has."""

from typing import Any

from tests.unit.api.served import Served
from tests.unit.tes.tasks import ECHO, create, listed, run

TAGS = {"foo": "bar", "baz": "bat", "lorem": "ipsum", "task": "create"}


def names(served: Served, **query: Any) -> list[str]:
    """The names of the tasks of a page."""
    return [task["name"] for task in listed(served, view="BASIC", **query)["tasks"]]


def test_by_the_begin_of_the_name(served: Served) -> None:
    for name in ("e70dda48-Test", "Test-e70dda48", "E70DDA48-test"):
        create(served, {**ECHO, "name": name})
    assert names(served, name_prefix="e70dda48") == ["e70dda48-Test"]


def test_by_tags(served: Served) -> None:
    create(served, {**ECHO, "tags": TAGS})
    create(served, {**ECHO, "name": "empty", "tags": {"abcxyz": ""}})
    create(served, {**ECHO, "name": "none"})
    assert names(served, tag_key=["foo", "lorem", "task", "baz"], tag_value=["bar", "ipsum", "create", "bat"]) == [
        "echo"
    ]
    assert names(served, tag_key=["foo", "lorem", "baz"], tag_value=["bar", "ipsum"]) == ["echo"]
    assert names(served, tag_key=["foo", "lorem", "extra"], tag_value=["bar", "ipsum"]) == []
    assert names(served, tag_key="foo", tag_value="wrong") == []
    assert names(served, tag_key="abcxyz") == ["empty"]
    assert names(served, tag_key="unknown", tag_value="unknown") == []


def test_by_state(served: Served) -> None:
    """Each state has its own, though several may be one state of a job."""
    reports: dict[str, dict[str, Any]] = {
        "EXECUTOR_ERROR": {"status": "fail", "exitstatus": 1, "cause": "exit"},
        "SYSTEM_ERROR": {"status": "fail", "cause": "input"},
        "COMPLETE": {},
    }
    for name, report in reports.items():
        create(served, {**ECHO, "name": name})
        run(served, **report)
    paused = create(served, {**ECHO, "name": "PAUSED"})
    served.call("PUT", f"/job/{paused}?suspend")
    running = create(served, {**ECHO, "name": "RUNNING"})
    assert served.call("GET", "/work?client=w").json["data"]["jobid"] == running
    create(served, {**ECHO, "name": "QUEUED"})
    for state in ("EXECUTOR_ERROR", "SYSTEM_ERROR", "COMPLETE", "PAUSED", "RUNNING", "QUEUED"):
        assert names(served, state=state) == [state]
    assert names(served, state="INITIALIZING") == []


def test_a_page_has_so_many(served: Served) -> None:
    for _ in range(3):
        create(served, ECHO)
    for size, found in ((1, 1), (2, 2), (0, 3), (5000, 3)):
        assert len(listed(served, page_size=size)["tasks"]) == found
