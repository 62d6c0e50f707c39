"""Jobs that are steps of a run: who may make them, and how they are found."""

from typing import Any

import msgspec
import pytest

from awed.model.ids import new_id
from tests.unit.api.served import Served, data, fault

TASKS = [{"taskid": "0", "cmd": {"name": "true"}}]


def a_step(run: str) -> dict[str, Any]:
    return {"info": {"parent": run}, "tasks": TASKS}


def refused(served: Served, document: dict[str, Any], user: str, status: int = 400) -> str:
    body = {"upload": msgspec.json.encode(document)}
    found = fault(served.call("POST", "/job", body, user=user), status)
    (remark,) = data(served.call("POST", "/job?check", body, user=user))["errors"]
    assert remark["text"] in found
    return found


def test_the_steps_of_a_run_are_found_by_it(served: Served) -> None:
    run, other = (served.submit({"tasks": TASKS}, user="ann")["id"] for _ in range(2))
    step = served.submit(a_step(run), user="ann")
    served.submit(a_step(other), user="ann")
    assert step["info"]["parent"] == run
    found = data(served.call("GET", f"/job?query&info.parent={run}", user="ann"))
    assert [one["id"] for one in found] == [step["id"]]
    assert "parent" not in data(served.call("GET", f"/job/{run}", user="ann"))["info"]


def test_steps_of_a_run_are_made_by_who_may_write_it_alone(served: Served) -> None:
    """Who may not know of it is answered as if there were none."""
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    absent = refused(served, a_step(missing := new_id()), "bob").replace(missing, run)
    assert refused(served, a_step(run), "bob") == absent
    data(served.call("PUT", f"/job/{run}/acl/read?users=bob", user="ann"))
    assert refused(served, a_step(run), "bob", 401) == "User Unauthorized"
    data(served.call("PUT", f"/job/{run}/acl/write?users=bob", user="ann"))
    assert served.submit(a_step(run), user="bob")["info"]["parent"] == run


def test_a_run_that_has_ended_has_no_new_steps(served: Served) -> None:
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    step = served.submit(a_step(run), user="ann")["id"]
    data(served.call("DELETE", f"/job/{run}", user="ann"))
    assert data(served.call("GET", f"/job/{step}", user="ann"))["state"] == "deleted"
    assert "has ended" in refused(served, a_step(run), "ann")


def test_steps_of_a_finished_run_go_with_it(served: Served) -> None:
    run = served.submit({"info": {"priority": 2}, "tasks": TASKS}, user="ann")["id"]
    step = served.submit(a_step(run), user="ann")["id"]
    served.register(id="w")
    unit = data(served.call("GET", "/work?client=w"))
    assert unit["wuid"].startswith(run)
    data(served.call("PUT", f"/work/{unit['wuid']}?client=w&status=done"))
    assert data(served.call("GET", f"/job/{step}", user="ann"))["state"] == "queued"
    data(served.call("DELETE", f"/job/{run}?full", user="ann"))
    assert served.call("GET", f"/job/{step}", user="ann").status == 404


@pytest.mark.parametrize("how", ["DELETE /job/{run}?full", "DELETE /job?suspend&full"])
def test_steps_that_have_ended_are_removed_with_their_run(served: Served, how: str) -> None:
    """Lists leave steps out: nobody would find them any more."""
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    step = served.submit(a_step(run), user="ann")["id"]
    below = served.submit(a_step(step), user="ann")["id"]
    kept = served.submit({"tasks": TASKS}, user="ann")["id"]
    for job in (below, step):
        data(served.call("DELETE", f"/job/{job}", user="ann"))
    data(served.call("PUT", f"/job/{run}?suspend", user="ann"))
    method, _, path = how.format(run=run).partition(" ")
    data(served.call(method, path, user="ann"))
    assert [served.call("GET", f"/job/{job}", user="ann").status for job in (run, step, below)] == [404, 404, 404]
    assert data(served.call("GET", f"/job/{kept}", user="ann"))["state"] == "queued"


def test_a_step_is_not_begun_anew_without_its_run(served: Served) -> None:
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    step = served.submit(a_step(run), user="ann")["id"]
    data(served.call("PUT", f"/job/{run}?suspend", user="ann"))
    found = fault(served.call("PUT", f"/job/{step}?resubmit", user="ann"))
    assert f"its run {run} is in suspend state" in found


@pytest.mark.parametrize("parent", ["x", "../.."])
def test_what_names_no_job_is_no_run(served: Served, parent: str) -> None:
    assert "info.parent" in fault(
        served.call("POST", "/job", {"upload": msgspec.json.encode(a_step(parent))}, user="ann")
    )


def test_what_is_imported_is_no_step(served: Served) -> None:
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    finished = {"id": new_id(), "state": "completed", **a_step(run)}
    job = data(served.call("POST", "/job", {"import": msgspec.json.encode(finished)}, user="bob"))
    assert "parent" not in job["info"]


def runner_of(served: Served, run: str, submitter: str = "ann") -> str:
    return f"bearer {served.run_tokens.make(run, submitter)}"


def test_a_runner_makes_steps_of_its_run_and_hears_of_them_alone(served: Served) -> None:
    run, other = (served.submit({"tasks": TASKS}, user="root")["id"] for _ in range(2))
    runner = runner_of(served, run, "root")
    step = served.submit(a_step(run), user=runner)["id"]
    served.submit(a_step(other), user="root")
    body = {"upload": msgspec.json.encode(a_step(other))}
    assert "is for steps of that run" in fault(served.call("POST", "/job", body, user=runner), 401)
    finished = {"import": msgspec.json.encode({"id": new_id(), "state": "completed", "tasks": TASKS})}
    assert "is for steps of that run" in fault(served.call("POST", "/job", finished, user=runner), 401)
    assert {event["job"] for event in data(served.call("GET", "/events?since=0", user=runner))} == {step}
    for query in ("", "?query&info.parent=" + other):
        assert [job["id"] for job in data(served.call("GET", f"/job{query}", user=runner))] == [step]
    assert served.call("PUT", "/queue?suspend", user=runner).status == 401, "as its owner could"


def test_a_runner_reads_the_files_of_its_submitter_and_changes_none(served: Served) -> None:
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    runner = runner_of(served, run)
    node, foreign = (data(served.call("POST", "/node", {"upload": "x"}, user=name))["id"] for name in ("ann", "bob"))
    assert served.call("GET", f"/node/{node}?download", user=runner).body == b"x"
    assert served.call("GET", f"/node/{foreign}?download", user=runner).status == 404
    assert served.call("DELETE", f"/node/{node}", user=runner).status == 401
    assert served.call("PUT", f"/node/{node}/acl/read?users=bob", user=runner).status == 401
    made = data(served.call("POST", "/node", {"upload": "y"}, user=runner))["id"]
    assert served.call("GET", f"/node/{made}?download", user="ann").body == b"y"


def test_the_token_of_a_run_ends_with_it(served: Served) -> None:
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    step = served.submit(a_step(run), user="ann")["id"]
    data(served.call("GET", f"/job/{step}", user=runner_of(served, run)))
    data(served.call("DELETE", f"/job/{run}", user="ann"))
    assert "Invalid Auth Header" in fault(served.call("GET", f"/job/{step}", user=runner_of(served, run)), 401)


def test_a_runner_finds_steps_of_its_users_other_runs_that_equal_one(served: Served) -> None:
    """Their results may do. It changes none, and sees no other jobs."""
    run, other, foreign = (served.submit({"tasks": TASKS}, user=name)["id"] for name in ("ann", "ann", "bob"))
    runner = runner_of(served, run)

    def step(run: str, user: str, **attributes: str) -> str:
        made = {**a_step(run), "info": {"parent": run, "userattr": attributes}}
        return str(served.submit(made, user=user)["id"])

    equal, unlike = step(other, "ann", cwl_step="x"), step(other, "ann")
    theirs = step(foreign, "bob", cwl_step="x")
    data(served.call("PUT", f"/job/{theirs}/acl/public_read", user="bob"))
    found = data(served.call("GET", "/job?query&info.userattr.cwl_step=x", user=runner))
    assert [job["id"] for job in found] == [equal]
    assert data(served.call("GET", "/job?query&info.userattr.cwl_step=", user=runner)) == []
    assert data(served.call("GET", f"/job/{equal}", user=runner))["id"] == equal
    for method, job in (("DELETE", equal), ("GET", unlike), ("GET", theirs), ("GET", other)):
        assert served.call(method, f"/job/{job}", user=runner).status == 404


def test_a_runner_whose_workunit_another_has_by_now_is_refused(served: Served) -> None:
    """Two runners of one run would end each other's steps. Until another has it, it goes on as it was."""
    run = served.submit({"info": {"priority": 2}, "tasks": TASKS}, user="ann")["id"]
    runner, work = runner_of(served, run), f"{run}_0_0"
    step = served.submit(a_step(run), user=runner)["id"]
    for number, client in enumerate("vw", 1):
        served.register(id=client)
        assert data(served.call("GET", f"/work?client={client}"))["wuid"] == work
        told = {"Awe-Attempt": f"{work} {number}"}
        served.call("PUT", f"/work/{work}?client={client}&status=discarded")
        data(served.call("GET", f"/job/{step}", user=runner, headers=told))
    late = {"Awe-Attempt": f"{work} 1"}
    for method, path in (
        ("DELETE", f"/job/{step}"),
        ("GET", "/events?since=0"),
        ("POST", f"/ga4gh/tes/v1/tasks/{step}:cancel"),
        ("GET", "/node"),
    ):
        reply = served.call(method, path, user=runner, headers=late)
        assert reply.status == 409
        assert b"given to another worker, as attempt 2: attempt 1 is over" in reply.body
    assert data(served.call("GET", f"/job/{step}", user=runner))["state"] == "queued"
    data(served.call("GET", "/job", user="bob", headers=late))  # whom it is not told
    assert "Awe-Attempt: expected" in fault(served.call("GET", "/job", user="ann", headers={"Awe-Attempt": "1"}))


def test_the_token_of_a_run_is_none_of_another_users_job_with_its_id(served: Served) -> None:
    """Who made a run could have somebody submit a document with its id, and act as that user."""
    run = served.submit({"tasks": TASKS}, user="bob")["id"]
    runner = runner_of(served, run, "bob")
    data(served.call("GET", "/job", user=runner))
    data(served.call("DELETE", f"/job/{run}?full", user="bob"))
    served.submit({"id": run, "tasks": TASKS}, user="ann")
    assert "Invalid Auth Header" in fault(served.call("GET", "/job", user=runner), 401)
    data(served.call("GET", "/job", user=runner_of(served, run)))


def test_events_of_a_run_may_have_those_of_its_steps(served: Served) -> None:
    run, other = (served.submit({"tasks": TASKS}, user="ann")["id"] for _ in range(2))
    step = served.submit(a_step(run), user="ann")["id"]
    served.submit(a_step(other), user="ann")
    for more, jobs in (("", {run}), ("&steps", {run, step})):
        path = f"/events?since=0&job={run}{more}"
        assert {event["job"] for event in data(served.call("GET", path, user="ann"))} == jobs
    data(served.call("DELETE", f"/job/{step}", user="ann"))
    path = f"/events?since=0&job={run}&steps&kind=job"
    assert data(served.call("GET", path, user="ann"))[-1]["state"] == "deleted"


def test_a_list_may_leave_steps_out(served: Served) -> None:
    run = served.submit({"tasks": TASKS}, user="ann")["id"]
    served.submit(a_step(run), user="ann")
    assert [job["id"] for job in data(served.call("GET", "/job?top", user="ann"))] == [run]
    assert [job["id"] for job in data(served.call("GET", "/job?query&state=queued&top=true", user="ann"))] == [run]
