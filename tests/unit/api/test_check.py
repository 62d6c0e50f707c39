"""Checks of documents make no job; submissions warn of probable mistakes."""

from typing import Any

import msgspec

from tests.unit.api.served import Served, data, fault
from tests.unit.scheduler.builders import more_entries

JOB: dict[str, Any] = {"tasks": [{"taskid": "a", "cmd": {"name": "blastp"}, "totalwork": 4}]}


def check(served: Served, document: object, user: str = "") -> Any:
    return data(served.call("POST", "/job?check", {"upload": msgspec.json.encode(document)}, user=user))


def test_a_good_document_is_ok_and_makes_no_job(served: Served) -> None:
    served.register(apps=["blastp"])
    found = check(served, JOB)
    assert found == {"ok": True, "errors": [], "warnings": [], "tasks": 1, "workunits": 4, "unmet": []}
    assert data(served.call("GET", "/job")) == []


def test_what_no_worker_has_is_unmet(served: Served) -> None:
    def unmet(**fields: object) -> list[tuple[str, str]]:
        found = check(served, {"tasks": [{"taskid": "a", "cmd": {"name": "blastp"}, **fields}]})["unmet"]
        return [(one["place"], one["text"]) for one in found]

    assert unmet() == [("tasks[0].clientgroups", "no worker is registered of an open group")]
    served.register(id="c1", apps=["sort"], images=False, resources={"cores": 4, "memory": "8G"})
    assert unmet() == [("tasks[0].cmd.name", '1 worker: 1 lacks the command "blastp"')]
    assert unmet(clientgroups="large") == [
        ("tasks[0].clientgroups", "no worker is registered of group large, 1 of other groups")
    ]
    sort = {"name": "sort"}
    assert unmet(cmd={**sort, "Dockerimage": "x"}) == [
        ("tasks[0].cmd.Dockerimage", "1 worker: 1 takes no container images (started without --containers)")
    ]
    assert unmet(cmd=sort, resources={"memory": "64G"}) == [
        ("tasks[0].resources.memory", "1 worker: 1 lacks memory (needs 64 GB, most 8 GB)")
    ]
    assert unmet(cmd=sort) == []


def test_a_refusal_is_found_by_a_check(served: Served) -> None:
    known = served.submit(JOB)["id"]
    found = check(served, {**JOB, "id": known})
    assert not found["ok"]
    assert found["errors"] == [{"place": "id", "text": f"job id {known} is known already"}]
    assert not check(served, {"tasks": []})["ok"]


def test_only_what_is_no_json_or_not_there_is_refused(served: Served) -> None:
    assert "malformed JSON" in fault(served.call("POST", "/job?check", {"upload": "{"}))
    assert fault(served.call("POST", "/job?check")) == "No job script or awf is submitted"


def test_a_submission_tells_warnings_behind_what_the_original_answers(served: Served) -> None:
    document = {"tasks": [*JOB["tasks"], {"taskid": "b", "cmd": {"name": "sort"}, "dependson": ["a"]}]}
    served.register(apps=["blastp"])
    reply = served.call("POST", "/job", {"upload": msgspec.json.encode(document)})
    assert list(reply.json) == ["status", "data", "error", "warnings"]
    assert [one["place"] for one in reply.json["warnings"]] == ["tasks[1].dependson", "tasks[1].cmd.name"]


def test_a_submission_without_faults_is_answered_as_ever(served: Served) -> None:
    """Before workers are there nothing can be said of what they have."""
    reply = served.call("POST", "/job", {"upload": msgspec.json.encode(JOB)})
    assert list(reply.json) == ["status", "data", "error"]


def test_nothing_of_a_checked_document_stays_in_memory(served: Served) -> None:
    document = {"tasks": [{"taskid": str(number), "cmd": {"name": "blastp"}} for number in range(3)]}
    with more_entries() as left:
        assert check(served, document)["ok"]
        assert left() == 0
