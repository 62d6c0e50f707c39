"""``/job``: what the API itself does, without the scheduler's rules."""

from typing import Any

import msgspec
import pytest

from awed.model.ids import new_id
from awed.web.site import EXPOSED
from tests.unit.api.served import Served, data, fault

JOB = {"info": {"name": "j", "project": "p"}, "tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


def ids(reply: Any) -> list[str]:
    return [job["id"] for job in data(reply)]


def test_a_job_is_taken_in_and_shown(served: Served) -> None:
    job = served.submit(JOB)
    assert data(served.call("GET", f"/job/{job['id']}")) == job
    assert data(served.call("GET", f"/job/{job['id']}/")) == job


def test_a_job_belongs_to_who_submitted_it(served: Served) -> None:
    job_id = served.submit(JOB, user="ann")["id"]
    for method, query in [("GET", ""), ("GET", "?report"), ("GET", "?perf"), ("PUT", "?suspend"), ("DELETE", "")]:
        path = f"/job/{job_id}{query}"
        assert fault(served.call(method, path, user="bob"), 404) == f"job not found: {job_id}"
        assert fault(served.call(method, path), 404) == f"job not found: {job_id}"
        assert served.call(method, path, user="ann").status == 200


def test_what_is_public_is_everybodys(served: Served) -> None:
    job_id = served.submit(JOB)["id"]
    assert served.call("PUT", f"/job/{job_id}?suspend", user="bob").status == 200


def test_lists_show_what_the_caller_may_read(served: Served) -> None:
    mine, open_to_all = served.submit(JOB, user="ann")["id"], served.submit(JOB)["id"]
    assert set(ids(served.call("GET", "/job", user="ann"))) == {mine, open_to_all}
    assert ids(served.call("GET", "/job", user="bob")) == [open_to_all]
    assert ids(served.call("GET", "/job?query&info.project=p")) == [open_to_all]
    assert len(ids(served.call("GET", "/job?active", user="root"))) == 2


def test_lines_of_jobs_that_run_and_that_have_ended(served: Served) -> None:
    """Their tasks are counted wherever they are."""
    two = {"info": {"name": "two"}, "tasks": [{"taskid": name, "cmd": {"name": "true"}} for name in "ab"]}
    ended = {**two, "id": new_id(), "state": "completed"}
    job_id = served.submit(two, user="ann")["id"]
    data(served.call("POST", "/job", {"import": msgspec.json.encode(ended)}, user="ann"))
    client = served.register()["id"]
    wuid = data(served.call("GET", f"/work?client={client}"))["wuid"]
    data(served.call("PUT", f"/work/{wuid}?status=done&computetime=3&client={client}"))
    served.submit(JOB, user="bob")
    lines = {line["id"]: line for line in data(served.call("GET", "/job?verbosity=line", user="ann"))}
    assert {name: (line["tasks"], line["remaintasks"], line["computetime"]) for name, line in lines.items()} == {
        job_id: (2, 1, 3),
        ended["id"]: (2, 0, 0),
    }


def test_who_asks_wrongly_is_refused_before_anything_else(served: Served) -> None:
    for method, path in [("GET", "/job"), ("POST", "/job"), ("GET", "/work"), ("PUT", f"/job/{new_id()}?suspend")]:
        assert fault(served.call(method, path, user="nobody"), 401) == "Invalid Auth Header"


def test_without_a_document(served: Served) -> None:
    text = "No job script or awf is submitted"
    assert fault(served.call("POST", "/job", {"other": "x"})) == text
    assert fault(served.call("POST", "/job")) == text
    assert fault(served.call("POST", "/job", body=b"{}")) == text


def test_another_form_of_workflows_is_not_taken(served: Served) -> None:
    text = "part awf: AWF is not taken here; a job document is sent as part upload"
    assert fault(served.call("POST", "/job", {"awf": "x", "job": "y"})) == text


def test_a_byte_order_mark_before_json_is_ignored(served: Served) -> None:
    mark = "\ufeff"
    job = data(served.call("POST", "/job", {"upload": mark + msgspec.json.encode(JOB).decode()}))
    assert data(served.call("POST", "/client", {"profile": mark + '{"id": "c1", "apps": ["*"]}'}))["id"] == "c1"
    wuid = data(served.call("GET", "/work?client=c1"))["wuid"]
    beat = f'{mark}{{"current_work": {{"data": ["{wuid}"]}}}}'.encode()
    assert "discard" not in data(served.call("PUT", "/client/c1?heartbeat", body=beat))
    node = data(served.call("POST", "/node", {"attributes": mark + '{"a": 1}'}))
    assert node["attributes"] == {"a": 1}
    served.call("PUT", f"/work/{wuid}?status=done&client=c1", {"perf": mark + '{"runtime": 7}'})
    assert data(served.call("GET", f"/job/{job['id']}?perf"))["work_stats"][wuid]["runtime"] == 7
    assert (
        fault(served.call("POST", "/job", {"upload": mark + "{"}))
        == "malformed JSON: unexpected end (line 1, column 2)"
    )


def test_all_faults_of_a_document_are_told(served: Served) -> None:
    document = {"tasks": [{"taskid": "0"}, {"taskid": "a_b", "cmd": {"name": "x"}}]}
    reply = served.call("POST", "/job", {"upload": msgspec.json.encode(document)})
    assert reply.status == 400
    assert len(reply.json["error"]) >= 2


def test_a_known_id(served: Served) -> None:
    job = {**JOB, "id": new_id()}
    served.submit(job)
    assert served.call("POST", "/job", {"upload": msgspec.json.encode(job)}).status == 409


def test_the_token_is_kept_and_not_shown(served: Served) -> None:
    body = {"upload": msgspec.json.encode(JOB)}
    reply = served.call("POST", "/job", body, headers={"Datatoken": "tok-123"})
    assert data(reply)["info"]["auth"] is True
    assert b"tok-123" not in reply.body


def test_pages(served: Served) -> None:
    for _ in range(3):
        served.submit(JOB)
    reply = served.call("GET", "/job?limit=2&offset=2")
    assert (reply.json["limit"], reply.json["offset"], reply.json["total_count"]) == (2, 2, 3)
    assert len(data(reply)) == 1
    assert list(reply.json) == ["status", "data", "error", "limit", "offset", "total_count"]


def test_distinct_is_a_plain_list(served: Served) -> None:
    served.submit(JOB)
    assert served.call("GET", "/job?distinct=project").json == {"status": 200, "data": ["p"], "error": None}


def test_distinct_values_are_those_of_the_jobs_that_match(served: Served) -> None:
    for project, user in (("p", "ann"), ("q", "bob")):
        served.submit({**JOB, "info": {"project": project, "user": user}})
    suspended = served.submit({**JOB, "info": {"project": "r", "user": "ann"}}, user="ann")["id"]
    served.call("PUT", f"/job/{suspended}?suspend", user="ann")

    def projects(query: str, user: str = "") -> Any:
        return data(served.call("GET", f"/job?{query}&distinct=project", user=user))

    assert projects("query&info.user=ann") == ["p"]
    assert projects("query&info.user=ann&limit=1", user="ann") == ["p", "r"]
    assert projects("suspend", user="ann") == projects("query&state=suspend", user="ann") == ["r"]
    assert projects("query&date_end=2026-11-23") == []
    assert fault(served.call("GET", "/job?query&date_end=x&distinct=project")) == "Invalid datetime format: x"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/job?limit=abc", "limit must be a non-negative integer, found: abc"),
        ("/job?distinct=x", "unable to run distinct query on non-indexed info field: x"),
        ("/job?query&date_end=x", "Invalid datetime format: x"),
        ("/job?verbosity=loud", "verbosity must be one of full, minimal, line, found: loud"),
    ],
)
def test_wrong_parameters(served: Served, path: str, text: str) -> None:
    assert fault(served.call("GET", path)) == text


@pytest.mark.parametrize(
    ("method", "query"), [("GET", ""), ("GET", "?report"), ("PUT", "?resume"), ("DELETE", "?full")]
)
def test_an_unknown_job(served: Served, method: str, query: str) -> None:
    assert fault(served.call(method, f"/job/nothing{query}"), 404) == "job not found: nothing"


def test_operations(served: Served) -> None:
    job_id = served.submit(JOB)["id"]
    assert data(served.call("PUT", f"/job/{job_id}?suspend")) == f"job suspended: {job_id}"
    assert data(served.call("GET", "/job?suspend"))[0]["notes"] == "manually suspended"
    assert data(served.call("PUT", f"/job/{job_id}?resume")) == f"job resumed: {job_id}"
    assert fault(served.call("PUT", f"/job/{job_id}?resume")) == (
        f"fail to resume job: {job_id} job {job_id} is not in 'suspend' status"
    )
    assert fault(served.call("PUT", f"/job/{job_id}")) == "requested job operation not supported"
    assert data(served.call("DELETE", f"/job/{job_id}")) == f"job deleted: {job_id}"
    job = data(served.call("GET", f"/job/{job_id}"))
    assert (job["state"], job["registered"]) == ("deleted", False)
    assert data(served.call("DELETE", f"/job/{job_id}?full")) == f"job deleted: {job_id}"
    assert served.call("GET", f"/job/{job_id}").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/job/x/acl", 405), ("PATCH", "/job", 405), ("POST", "/job/x", 405), ("GET", "/job/x/y", 404)],
)
def test_what_jobs_do_not_have(served: Served, method: str, path: str, status: int) -> None:
    assert served.call(method, path).status == status


def test_a_page_of_another_site_is_nobody_without_a_token(served: Served) -> None:
    """A form needs no preflight, and anonymous rights hold for whoever is at this machine."""
    foreign = {"Origin": "http://evil.example"}
    document = {"upload": b'{"tasks": [{"taskid": "a", "cmd": {"name": "true"}}]}'}
    for method, path, files in (("POST", "/job", document), ("GET", "/job", None), ("PUT", "/job?resumeall", None)):
        assert served.call(method, path, files, headers=foreign).status == 401
    assert served.call("POST", "/job", document, headers=foreign, user="ann").status == 200
    own = {"Origin": "http://192.0.2.1:8001", "Host": "192.0.2.1:8001"}
    reply = served.call("POST", "/job", document, headers=own)
    assert (reply.status, reply.headers["Access-Control-Expose-Headers"]) == (
        200,
        EXPOSED.decode(),
    )
