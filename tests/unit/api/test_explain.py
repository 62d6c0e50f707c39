"""``?explain``: why jobs and workunits wait."""

from tests.unit.api.served import Served, data, fault

JOB = {
    "tasks": [
        {"taskid": "a", "cmd": {"name": "blastp"}, "totalwork": 2},
        {"taskid": "b", "cmd": {"name": "sort"}, "dependsOn": ["a"]},
    ]
}
NEVER = "0001-01-01T00:00:00Z"


def test_a_job_is_explained_with_all_that_waits(served: Served) -> None:
    job = served.submit(JOB)["id"]
    served.register(id="c1", apps=["sort"])
    nobody = {
        "taskid": "a",
        "state": "nobody",
        "why": 'waits: 1 worker: 1 lacks the command "blastp"',
        "counts": {"workers": 1, "able": 0, "command": 1},
        "after": [],
        "until": NEVER,
    }
    after = {
        "taskid": "b",
        "state": "after",
        "why": "waits for task a",
        "counts": {},
        "after": ["a"],
        "until": NEVER,
    }
    explained = data(served.call("GET", f"/job/{job}?explain"))
    assert explained == {
        "id": job,
        "state": "queued",
        "why": f"0 of 2 tasks done, 0 running; task a {nobody['why']}",
        "tasks": [nobody, after],
    }
    assert data(served.call("GET", "/job?explain")) == [explained]
    assert data(served.call("GET", f"/work/{job}_a_1?explain")) == nobody


def test_what_runs_or_is_done_does_not_wait(served: Served) -> None:
    job = served.submit({"tasks": [{"taskid": "a", "cmd": {"name": "x"}}]})["id"]
    served.register(id="c1")
    data(served.call("GET", "/work?client=c1"))
    assert data(served.call("GET", f"/job/{job}?explain"))["tasks"] == []
    assert data(served.call("GET", f"/work/{job}_a_0?explain"))["state"] == "running"
    data(served.call("PUT", f"/work/{job}_a_0?status=done&client=c1"))
    explained = data(served.call("GET", f"/job/{job}?explain"))
    assert (explained["state"], explained["why"], explained["tasks"]) == ("completed", "completed", [])
    assert "no workunit" in fault(served.call("GET", f"/work/{job}_a_7?explain"))


def test_workers_that_others_keep_for_themselves_are_not_counted(served: Served) -> None:
    data(served.call("POST", "/cgroup/closed", user="ann"))
    served.call("POST", "/client", {"profile": b'{"id": "c1", "group": "closed", "apps": ["*"]}'}, user="ann")
    job = served.submit({"tasks": [{"taskid": "a", "cmd": {"name": "x"}}]}, user="bob")["id"]
    (waits,) = data(served.call("GET", f"/job/{job}?explain", user="bob"))["tasks"]
    assert (waits["why"], waits["counts"]["workers"]) == ("waits: no worker is registered of an open group", 0)
    job = served.submit({"tasks": [{"taskid": "a", "cmd": {"name": "x"}}]}, user="ann")["id"]
    (waits,) = data(served.call("GET", f"/job/{job}?explain", user="ann"))["tasks"]
    assert waits["counts"] == {"workers": 1, "able": 1, "free": 1}
