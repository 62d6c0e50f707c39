"""``PUT /job``, ``DELETE /job`` and imports."""

import msgspec
import pytest

from awed.model.ids import new_id
from awed.model.records import Batch, JobRecord
from tests.unit.api.served import Served, data, done, fault

JOB = {"info": {"name": "j"}, "tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}
CHAIN = {
    "info": {"name": "c"},
    "tasks": [
        {"taskid": "0", "cmd": {"name": "true"}},
        {"taskid": "1", "cmd": {"name": "true"}, "dependsOn": ["0"]},
        {"taskid": "2", "cmd": {"name": "true"}, "dependsOn": ["1"]},
    ],
}
FINISHED = {"state": "completed", "info": {"name": "imported"}, "tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


def complete(served: Served, job_id: str) -> None:
    """Run all that is left of the only job."""
    served.register(id="runner")
    while data(served.call("GET", f"/job/{job_id}"))["state"] != "completed":
        work_id = data(served.call("GET", "/work?client=runner"))["wuid"]
        served.call("PUT", f"/work/{work_id}?status=done&client=runner", {"stdout": "out"})


@pytest.fixture
def job_id(served: Served) -> str:
    return str(served.submit(JOB)["id"])


def test_recompute_from_a_task(served: Served) -> None:
    job_id = served.submit(CHAIN)["id"]
    complete(served, job_id)
    path = f"/job/{job_id}?recompute"
    assert data(served.call("PUT", f"{path}=1")) == f"job recompute started at task 1: {job_id}"
    job = data(served.call("GET", f"/job/{job_id}"))
    assert [task["state"] for task in job["tasks"]] == ["completed", "queued", "pending"]
    assert (job["state"], job["resumed"], job["notes"]) == ("in-progress", 1, f"recomputed from task {job_id}_1")
    assert fault(served.call("GET", f"/work/{job_id}_1_0?report=stdout")) == "log type 'stdout' not found"
    assert data(served.call("GET", f"/work/{job_id}_0_0?report=stdout")) == "out"
    assert fault(served.call("PUT", f"{path}=1")) == (
        f"fail to recompute job: {job_id} job {job_id} is already active"
    )


def test_recompute_of_what_is_not_there(served: Served, job_id: str) -> None:
    complete(served, job_id)
    assert fault(served.call("PUT", f"/job/{job_id}?recompute")) == (
        "lacking stage id from which the recompute starts"
    )
    assert fault(served.call("PUT", f"/job/{job_id}?recompute=9")) == (
        f"fail to recompute job: {job_id} task not found:{job_id}_9"
    )


def test_resubmit(served: Served, job_id: str) -> None:
    assert fault(served.call("PUT", f"/job/{job_id}?resubmit")) == (
        f"fail to resubmit job: {job_id} job {job_id} is already active"
    )
    complete(served, job_id)
    assert data(served.call("PUT", f"/job/{job_id}?resubmit")) == f"job resubmitted: {job_id}"
    job = data(served.call("GET", f"/job/{job_id}"))
    assert (job["state"], job["notes"]) == ("queued", "restarted from the beginning")


@pytest.mark.parametrize("flag", ["recover", "register"])
def test_recover(served: Served, job_id: str, flag: str) -> None:
    assert fault(served.call("PUT", f"/job/{job_id}?{flag}")) == (
        f"fail to recover job: {job_id} job {job_id} is already active"
    )
    complete(served, job_id)
    assert fault(served.call("PUT", f"/job/{job_id}?{flag}")) == (
        f"fail to recover job: {job_id} job is in completed state thus cannot be recovered"
    )


def stray(served: Served, owner: str = "public") -> str:
    """A job that is active in the store and unknown to the scheduler."""
    job_id = new_id()
    record: JobRecord = done(served.engine.jobs.get(served.submit(JOB, user=owner)["id"]))
    copy = msgspec.json.decode(msgspec.json.encode(record), type=JobRecord)
    copy.job.id, copy.job.tasks = job_id, []
    done(served.store.commit(Batch(jobs=[copy])))
    return job_id


def test_jobs_that_the_scheduler_does_not_have(served: Served) -> None:
    job_id = stray(served)
    assert data(served.call("PUT", f"/job/{job_id}?recover")) == f"job recovered: {job_id}"
    stray(served)
    assert fault(served.call("PUT", "/job?recoverall"), 401) == "No Authorization"
    assert data(served.call("PUT", "/job?recoverall", user="root")) == "1 missing jobs recovered"


def test_zombies_are_deleted_by_their_owner(served: Served) -> None:
    mine, other = stray(served, "ann"), stray(served, "bob")
    assert data(served.call("DELETE", "/job?zombie", user="ann")) == "deleted 1 zombie jobs"
    assert data(served.call("GET", f"/job/{mine}", user="ann"))["state"] == "deleted"
    assert data(served.call("GET", f"/job/{other}", user="bob"))["state"] == "queued"
    assert data(served.call("DELETE", "/job?zombie&full", user="root")) == "deleted 1 zombie jobs"
    assert served.call("GET", f"/job/{other}", user="bob").status == 404


def test_work_follows_priority_and_group(served: Served, job_id: str) -> None:
    first = served.submit(JOB)["id"]
    served.register(id="c", group="g", slots=2)
    assert data(served.call("PUT", f"/job/{first}?priority=9")) == f"job priority updated: {first} to 9"
    assert data(served.call("PUT", f"/job/{job_id}?clientgroup=h")) == f"job group updated: {job_id} to h"
    assert data(served.call("GET", "/work?client=c"))["jobid"] == first
    assert fault(served.call("GET", "/work?client=c")) == "No eligible workunit found"
    assert data(served.call("PUT", f"/job/{job_id}?pipeline=p%20q")) == f"job pipeline updated: {job_id} to p q"
    info = data(served.call("GET", f"/job/{job_id}"))["info"]
    assert (info["pipeline"], info["clientgroups"]) == ("p q", "h")
    assert data(served.call("PUT", f"/job/{job_id}?priority=-3")) == f"job priority updated: {job_id} to -3"


@pytest.mark.parametrize(
    ("query", "span"),
    [("30M", "2026-11-23T21:11:05Z"), ("5H", "2026-11-24T01:41:05Z"), ("2D", "2026-11-25T20:41:05Z")],
)
def test_expiration(served: Served, job_id: str, query: str, span: str) -> None:
    assert (
        data(served.call("PUT", f"/job/{job_id}?expiration={query}")) == f"expiration '{span}' set for job: {job_id}"
    )
    assert data(served.call("GET", f"/job/{job_id}"))["expiration"] == span


@pytest.mark.parametrize("text", ["2", "D", "-1D", "2d", "1.5H", "999999999D", "2D%0A"])
def test_what_is_no_expiration(served: Served, job_id: str, text: str) -> None:
    assert fault(served.call("PUT", f"/job/{job_id}?expiration={text}")).startswith(
        f"failed to set the expiration for job: {job_id} expiration format '"
    )


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("clientgroup", "lacking clientgroup name"),
        ("pipeline=", "lacking pipeline value"),
        ("priority", "lacking priority value"),
        ("priority=high", "priority value must be an integer"),
        ("priority=1.5", "priority value must be an integer"),
        ("expiration", "lacking expiration value"),
    ],
)
def test_values_that_are_missing_or_wrong(served: Served, job_id: str, query: str, text: str) -> None:
    assert fault(served.call("PUT", f"/job/{job_id}?{query}")) == text


def test_set_token(served: Served, job_id: str) -> None:
    reply = served.call("PUT", f"/job/{job_id}?settoken", headers={"Datatoken": "new"})
    assert data(reply) == f"data token set for job: {job_id}"
    assert data(served.call("GET", f"/job/{job_id}"))["info"]["auth"] is True
    served.register(id="c")
    served.call("GET", "/work?client=c")
    assert served.call("GET", f"/work/{job_id}_0_0?datatoken&client=c").headers["Datatoken"] == "new"
    assert fault(served.call("PUT", f"/job/{job_id}?settoken")) == (
        f"fail to retrieve token for job, pls set token in header: {job_id} no token received"
    )


def test_all_suspended_jobs_of_the_caller(served: Served) -> None:
    jobs = {user: served.submit(JOB, user=user)["id"] for user in ("ann", "bob")}
    for user, job_id in jobs.items():
        served.call("PUT", f"/job/{job_id}?suspend", user=user)
    assert data(served.call("PUT", "/job?resumeall", user="ann")) == "1 suspended jobs resumed"
    assert data(served.call("PUT", "/job?resumeall", user="root")) == "1 suspended jobs resumed"
    for user, job_id in jobs.items():
        served.call("PUT", f"/job/{job_id}?suspend", user=user)
    assert data(served.call("DELETE", "/job?suspend", user="ann")) == "deleted 1 suspended jobs"
    assert data(served.call("GET", f"/job/{jobs['ann']}", user="ann"))["state"] == "deleted"
    assert data(served.call("DELETE", "/job?suspend&full", user="root")) == "deleted 1 suspended jobs"
    assert served.call("GET", f"/job/{jobs['bob']}", user="bob").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nothing_is_done_to_all_jobs_without_a_word(served: Served, method: str) -> None:
    assert fault(served.call(method, "/job"), 501) == "Not Implemented"


def test_import(served: Served) -> None:
    job_id = new_id()
    body = {"import": msgspec.json.encode({**FINISHED, "id": job_id})}
    job = data(served.call("POST", "/job", body, user="ann", headers={"Datatoken": "tok"}))
    assert (job["id"], job["state"], job["registered"], job["info"]["auth"]) == (job_id, "completed", False, True)
    assert data(served.call("GET", f"/job/{job_id}", user="ann")) == job
    assert served.call("POST", "/job", body, user="ann").status == 409
    assert data(served.call("GET", "/job?registered", user="ann")) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"state": "queued"}, "invalid job import: must be completed"),
        ({"tasks": []}, "invalid job document: task list empty"),
        ({"id": ""}, "invalid job import: missing job id"),
    ],
)
def test_what_cannot_be_imported(served: Served, change: dict[str, object], text: str) -> None:
    body = {"import": msgspec.json.encode({**FINISHED, "id": new_id(), **change})}
    assert text in fault(served.call("POST", "/job", body))


def test_position(served: Served, job_id: str) -> None:
    served.clock.advance(1)
    second = served.submit(JOB)["id"]
    assert data(served.call("GET", f"/job/{job_id}?position")) == {"position": 1}
    assert data(served.call("GET", f"/job/{second}?position")) == {"position": 2}
    served.call("PUT", f"/job/{second}?suspend")
    assert fault(served.call("GET", f"/job/{second}?position")) == (
        "job is not queued or in-progress, job state:suspend"
    )


def test_rights_are_shown_and_changed_by_the_owner(served: Served) -> None:
    job_id = served.submit(JOB, user="ann")["id"]
    path = f"/job/{job_id}/acl"
    mine = {"owner": "ann", "read": ["ann"], "write": ["ann"], "delete": ["ann"]}
    assert data(served.call("GET", path, user="ann")) == mine
    for method, tail in (("GET", ""), ("PUT", "/read?users=bob"), ("DELETE", "/read?users=bob")):
        assert fault(served.call(method, path + tail, user="bob"), 404) == f"job not found: {job_id}"
    changed = {**mine, "read": ["ann", "bob", "carl"]}
    assert data(served.call("PUT", f"{path}/read?users=bob,carl", user="ann")) == changed
    assert data(served.call("GET", path, user="bob")) == changed
    assert data(served.call("DELETE", f"{path}/read?users=bob", user="bob"))["read"] == ["ann", "carl"]
    assert data(served.call("PUT", f"{path}/public_read", user="ann"))["read"] == ["ann", "carl", "public"]
    assert served.call("GET", f"/job/{job_id}").status == 200
    assert served.call("DELETE", f"{path}/read?users=public").status == 401
    assert data(served.call("DELETE", f"{path}/public_all", user="root"))["read"] == ["ann", "carl"]
    assert data(served.call("PUT", f"{path}/all", {"users": "dora"}, user="ann"))["delete"] == ["ann", "dora"]
    assert data(served.call("PUT", f"{path}/owner?users=dora", user="root"))["owner"] == "dora"
    assert served.call("PUT", f"{path}/owner?users=carl", user="carl").status == 401


def test_a_job_passes_to_who_takes_it(served: Served) -> None:
    """Nobody comes to own what they do not know of."""
    job_id = served.submit({"tasks": [{"taskid": "a", "cmd": {"name": "true"}}]}, user="ann")["id"]
    path = f"/job/{job_id}/acl"
    assert served.call("PUT", f"{path}/owner?users=bob", user="bob").status == 404
    offered = data(served.call("PUT", f"{path}/owner?users=bob", user="ann"))
    assert (offered["owner"], offered["offered"]) == ("ann", "bob")
    assert served.call("PUT", f"{path}/owner?users=carl", user="carl").status == 404
    taken = data(served.call("PUT", f"{path}/owner?users=bob", user="bob"))
    assert (taken["owner"], "offered" in taken) == ("bob", False)
    assert served.call("PUT", f"{path}/owner?users=ann", user="ann").status == 401


def test_a_list_of_names_has_an_end(served: Served, job_id: str) -> None:
    names = ",".join(map(str, range(1001)))
    text = fault(served.call("PUT", f"/job/{job_id}/acl/read", {"users": names}))
    assert text == "at most 1000 users have a right by name: read would have 1002"


@pytest.mark.parametrize(
    ("method", "tail", "text"),
    [
        ("PUT", "what?users=x", "Invalid acl type: what"),
        ("PUT", "execute?users=x", "Invalid acl type: execute"),
        ("PUT", "read", "This request type requires the users parameter: users=a,b"),
        ("PUT", "owner?users=a,b", "a thing has one owner: set another one by PUT, with one user"),
        ("DELETE", "owner?users=a", "a thing has one owner: set another one by PUT, with one user"),
    ],
)
def test_wrong_changes_of_rights(served: Served, job_id: str, method: str, tail: str, text: str) -> None:
    assert fault(served.call(method, f"/job/{job_id}/acl/{tail}")) == text
