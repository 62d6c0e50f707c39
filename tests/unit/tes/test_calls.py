"""The calls of the service: who may make them, what they answer, and in which form."""

from typing import Any

import msgspec
import pytest

from tests.unit.api.served import Served, data
from tests.unit.tes.tasks import BASE, ECHO, create, get, listed, post, refused, run


def test_service_info_does_not_tell_what_workers_offer_of_which_one_may_not_know(served: Served) -> None:
    data(served.call("POST", "/cgroup/secret", user="ann"))
    profile = {"id": "c9", "group": "secret", "apps": ["*"], "resources": {"cores": 1, "rareLicence": 1}}
    data(served.call("POST", "/client", {"profile": msgspec.json.encode(profile)}, user="ann"))
    for user, tells in (("ann", True), ("bob", False)):
        info = served.call("GET", f"{BASE}/service-info", user=user).json
        assert ("rareLicence" in info["tesResources_backend_parameters"]) is tells


def test_service_info_says_what_the_service_is(served: Served) -> None:
    info = served.call("GET", f"{BASE}/service-info").json
    assert info["type"] == {"group": "org.ga4gh", "artifact": "tes", "version": "1.1.0"}
    assert {"id", "name", "organization", "version", "storage"} < info.keys()
    assert {"group", "priority"} <= set(info["tesResources_backend_parameters"])


@pytest.mark.parametrize("base", [BASE, "/v1"])
def test_old_clients_are_told_three_things_alone(served: Served, base: str) -> None:
    assert sorted(served.call("GET", f"{base}/tasks/service-info").json) == ["doc", "name", "storage"]


def test_a_task_is_a_job_of_one_task(served: Served) -> None:
    task = {**ECHO, "description": "d", "tags": {"a.b": "c"}, "resources": {"cpu_cores": 2, "ram_gb": 1.5}}
    job = data(served.call("GET", f"/job/{create(served, task)}"))
    assert job["info"]["name"] == "echo"
    assert job["info"]["userattr"] == {"a.b": "c"}
    (only,) = job["tasks"]
    assert only["taskid"].endswith("_tes")
    assert only["resources"] == {"cores": 2, "memory": 1_500_000_000}
    assert only["cmd"]["Dockerimage"] == "alpine"


def test_a_task_goes_from_queued_to_complete(served: Served) -> None:
    task = create(served, ECHO)
    assert get(served, task) == {"id": task, "state": "QUEUED"}
    served.register(id="w", executors=True)
    unit = data(served.call("GET", "/work?client=w"))
    assert unit["tes"]["executors"] == ECHO["executors"]
    assert get(served, task) == {"id": task, "state": "RUNNING"}
    served.call("PUT", f"/work/{unit['wuid']}?client=w&status=discarded")
    assert get(served, task) == {"id": task, "state": "QUEUED"}
    run(served)
    assert get(served, task) == {"id": task, "state": "COMPLETE"}


def test_workers_that_run_no_tes_tasks_get_none(served: Served) -> None:
    """The original's run images, and would run the name of the command."""
    create(served, ECHO)
    served.register(id="original")
    reply = served.call("GET", "/work?client=original")
    assert (reply.status, reply.json["error"]) == (400, ["No eligible workunit found"])


@pytest.mark.parametrize(
    ("report", "state"),
    [
        ({"exitstatus": 1, "cause": "exit"}, "EXECUTOR_ERROR"),
        ({"cause": "input"}, "SYSTEM_ERROR"),
        ({"exitstatus": -9, "cause": "memory"}, "SYSTEM_ERROR"),
    ],
)
def test_a_task_that_failed_says_how(served: Served, report: dict[str, Any], state: str) -> None:
    """And is not tried again: TES has no word for that."""
    task = create(served, ECHO)
    run(served, status="fail", **report)
    shown = get(served, task, "FULL")
    assert shown["state"] == state
    assert f"cause: {report['cause']}" in shown["logs"][0]["system_logs"]


def test_views_show_more_and_more(served: Served) -> None:
    task = create(served, {**ECHO, "inputs": [{"path": "/in", "content": "text"}]})
    log = {"exit_code": 0, "start_time": "2026-11-23T20:41:05Z", "stdout": "hello\n", "stderr": ""}
    output = {"url": "file:///d/o", "path": "/o", "size_bytes": "3"}
    run(served, {"logs": [log], "outputs": [output], "start_time": "2026-11-23T20:41:05Z"})
    assert get(served, task) == {"id": task, "state": "COMPLETE"}
    basic, full = (get(served, task, view) for view in ("BASIC", "FULL"))
    assert basic["inputs"] == [{"path": "/in", "type": "FILE"}]
    assert basic["logs"][0]["logs"] == [{"exit_code": 0, "start_time": log["start_time"]}]
    assert basic["logs"][0]["outputs"] == [output]
    assert full["inputs"] == [{"path": "/in", "type": "FILE", "content": "text"}]
    assert full["logs"][0]["logs"][0]["stdout"] == "hello\n"
    assert full["creation_time"] == basic["creation_time"] == "2026-11-23T20:41:05Z"


def test_a_task_is_cancelled_and_stays_in_lists(served: Served) -> None:
    task = create(served, ECHO)
    reply = served.call("POST", f"{BASE}/tasks/{task}:cancel")
    assert (reply.status, reply.json) == (200, {})
    assert get(served, task)["state"] == "CANCELED"
    assert listed(served, state="CANCELED")["tasks"] == [{"id": task, "state": "CANCELED"}]
    assert data(served.call("GET", f"/job/{task}"))["state"] == "deleted"


def test_a_task_that_has_ended_is_not_cancelled(served: Served) -> None:
    task = create(served, ECHO)
    run(served)
    assert served.call("POST", f"{BASE}/tasks/{task}:cancel").status == 200
    assert get(served, task)["state"] == "COMPLETE"


def test_a_suspended_job_is_paused(served: Served) -> None:
    task = create(served, ECHO)
    served.call("PUT", f"/job/{task}?suspend")
    assert get(served, task)["state"] == "PAUSED"


def test_other_jobs_are_no_tasks(served: Served) -> None:
    """Not even those that say so."""
    job = served.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}}], "info": {"service": "tes"}})["id"]
    refused(served.call("GET", f"{BASE}/tasks/{job}"), 404)
    refused(served.call("POST", f"{BASE}/tasks/{job}:cancel"), 404)
    assert listed(served) == {"tasks": []}


def test_others_see_no_task_of_mine(served: Served) -> None:
    task = create(served, ECHO, user="ann")
    assert get(served, task, user="ann")["state"] == "QUEUED"
    assert listed(served, user="bob") == {"tasks": []}
    refused(served.call("GET", f"{BASE}/tasks/{task}", user="bob"), 404)
    refused(served.call("POST", f"{BASE}/tasks/{task}:cancel", user="bob"), 404)
    refused(served.call("GET", f"{BASE}/tasks", user="nobody"), 401)


def test_errors_have_the_form_of_tes(served: Served) -> None:
    refused(served.call("GET", f"{BASE}/nothing"), 404)
    refused(served.call("GET", f"{BASE}/tasks/unknown"), 404)
    refused(served.call("DELETE", f"{BASE}/tasks"), 405)
    assert "view must be one of" in refused(served.call("GET", f"{BASE}/tasks?view=all"))
    assert "state must be one of QUEUED, " in refused(served.call("GET", f"{BASE}/tasks?state=all"))
    assert "page_token" in refused(served.call("GET", f"{BASE}/tasks?page_token=x"))


def test_nobody_with_none_as_password_is_nobody(served: Served) -> None:
    """As py-tes sends it that was given no user."""
    headers = {"Authorization": "Basic Tm9uZTpOb25l"}
    assert post(served, ECHO, **headers).status == 200
    assert served.call("GET", f"{BASE}/tasks", headers=headers).status == 200


def test_a_repeated_submission_with_a_key_makes_one_task(served: Served) -> None:
    first, second = (post(served, ECHO, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json == second.json
    assert len(listed(served)["tasks"]) == 1


def test_pages_follow_each_other_while_tasks_come(served: Served) -> None:
    ids = []
    for _ in range(5):
        served.clock.advance(1)
        ids.append(create(served, ECHO))
    first = listed(served, page_size=2)
    create(served, ECHO)
    second = listed(served, page_size=2, page_token=first["next_page_token"])
    third = listed(served, page_size=2, page_token=second["next_page_token"])
    assert [task["id"] for page in (first, second, third) for task in page["tasks"]] == ids[::-1]
    assert "next_page_token" not in third


def test_the_same_is_at_v1(served: Served) -> None:
    task = post(served, ECHO, "/v1").json["id"]
    assert served.call("GET", f"/v1/tasks/{task}").json["state"] == "QUEUED"
    assert served.call("POST", f"/v1/tasks/{task}:cancel").json == {}
