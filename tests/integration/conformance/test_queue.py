"""The queue, the logger, client groups and the front page: one test for each line of the contract."""

import pytest_twisted
import treq
from prometheus_client.parser import text_string_to_metric_families as parse

from awed.model.ids import new_id
from tests.integration.conformance.api import Api
from tests.integration.conformance.bench import Bench
from tests.integration.conformance.recorded import recorded


@pytest_twisted.ensureDeferred
async def test_an_empty_server(api: Api) -> None:
    """GET /queue, GET /queue?json, GET /job, GET /work, as they are before anything else: this test is the first"""
    (await api.get("/queue")).is_like("queue_text_empty")
    (await api.get("/queue?json")).is_like("queue_json_empty")
    (await api.get("/queue?json")).is_like("queue_json_empty", version="head")
    (await api.get("/job")).is_like("joblist_empty_plain")
    (await api.get("/job?query&state=completed")).is_like("joblist_empty_query")
    (await api.get("/work")).is_like("worklist_empty")


@pytest_twisted.ensureDeferred
async def test_queue_details(bench: Bench, admin: Api) -> None:
    """GET /queue?job, ?task, ?work, ?client, for admins"""
    assert list((await admin.get("/queue?job")).data) == list(recorded("queue_admin_job").response.body["data"])
    job_id = await bench.submit()
    worker = await bench.worker()
    assert job_id in (await admin.get("/queue?job")).data["active"]
    tasks = {task["taskid"]: task for task in (await admin.get("/queue?task")).data}
    assert tasks[f"{job_id}_0"]["state"] == "queued"
    assert (await admin.get("/queue?work")).data[f"{job_id}_0_0"]["state"] == "queued"
    assert (await admin.get("/queue?client")).data[worker.id]["id"] == worker.id
    await bench.api.put(f"/job/{job_id}?suspend")
    assert job_id in (await admin.get("/queue?job")).data["suspend"]
    for flag in ("job", "task", "work", "client"):
        answer = await bench.api.get(f"/queue?{flag}")
        assert (answer.status, answer.json["error"]) == (401, ["No Authorization"])


@pytest_twisted.ensureDeferred
async def test_running_jobs_of_a_group(bench: Bench) -> None:
    """GET /queue?clientgroup=<group name>"""
    job_id = await bench.submit()
    worker = await bench.worker()
    assert (await bench.api.get(f"/queue?clientgroup={bench.group}")).data == []
    await worker.checkout()
    assert (await bench.api.get(f"/queue?clientgroup={bench.group}")).data == [await bench.job(job_id)]
    assert (await bench.api.get("/queue?clientgroup=none")).fault == "clientgroup not found: none"


@pytest_twisted.ensureDeferred
async def test_suspend_and_resume_the_queue(api: Api, admin: Api) -> None:
    """PUT /queue?suspend, PUT /queue?resume"""
    (await api.put("/queue?suspend")).is_like("queue_put_anon_suspend")
    (await admin.put("/queue?suspend")).is_like("queue_put_admin_suspend")
    assert (await api.get("/")).json["queue_status"] == "suspended"
    assert (await admin.put("/queue?resume")).data == "work queue resumed"
    assert (await api.get("/")).json["queue_status"] == "running"


@pytest_twisted.ensureDeferred
async def test_metrics(bench: Bench) -> None:
    """GET /metrics"""
    await bench.submit()
    await (await bench.worker()).checkout()
    response = await treq.get(f"{bench.api.url}/metrics", persistent=False)
    page = await response.text()
    counts = (await bench.api.get("/queue?json")).data
    found = {sample.name: sample.value for family in parse(page) for sample in family.samples if not sample.labels}
    jobs = [sample.value for family in parse(page) for sample in family.samples if sample.name == "awed_jobs"]
    assert sum(jobs) == counts["jobs"]["total"] > 0
    assert found["awed_checkouts_total"] > 0
    assert found["awed_commit_seconds_count"] > 0
    assert found["awed_disk_size_bytes"] > found["awed_disk_free_bytes"] > 0
    assert found["awed_ready"] == 1


@pytest_twisted.ensureDeferred
async def test_health_and_readiness(api: Api) -> None:
    """GET /health, GET /ready"""
    assert (await api.get("/health")).data == "ok"
    assert (await api.get("/ready")).data == "ready"


@pytest_twisted.ensureDeferred
async def test_event_codes(api: Api) -> None:
    """GET /logger?event"""
    answer = await api.get("/logger?event")
    answer.is_like("logger_event")
    theirs = recorded("logger_event").response.body["data"]
    assert {kind: set(codes) for kind, codes in answer.data.items()} == {kind: set(theirs[kind]) for kind in theirs}


@pytest_twisted.ensureDeferred
async def test_debug_level(api: Api, admin: Api) -> None:
    """GET /logger?debug, PUT /logger?debug=[0|1|2|3]"""
    (await api.get("/logger?debug")).is_like("logger_debug")
    for level in (3, 0):
        assert (await admin.put(f"/logger?debug={level}")).status == 200
        assert (await api.get("/logger?debug")).data == {"debuglevel": level}
    assert (await admin.put("/logger?debug=4")).status == 400
    assert (await api.put("/logger?debug=1")).status == 401


@pytest_twisted.ensureDeferred
async def test_client_groups(api: Api, admin: Api) -> None:
    """GET /cgroup, POST /cgroup/<name>, GET|DELETE /cgroup/<id>, PUT /cgroup/<id>?[open|close], /cgroup/<id>/token,
    /cgroup/<id>/acl"""
    name = f"group-{new_id()}"
    group = (await admin.call("POST", f"/cgroup/{name}")).data
    path = f"/cgroup/{group['id']}"
    assert (await admin.get(path)).data == group
    page = await admin.get("/cgroup?limit=0")
    assert group in page.data
    assert page.json["total_count"] == len(page.data)
    assert (await api.get(path)).status == 404
    assert list((await admin.get(f"{path}/acl")).data) == ["owner", "read", "write", "delete", "execute"]
    assert "ann" in (await admin.put(f"{path}/acl/read?users=ann")).data["read"]
    worker = Api(api.url, {"Authorization": f"CG_TOKEN {group['token']}"})
    assert (await worker.register(id=new_id(), group=name, apps=["*"]))["group"] == name
    for operation, opened in (("close", False), ("open", True)):
        assert (await admin.put(f"{path}?{operation}")).data["open"] is opened
        assert (await api.put(f"{path}?{operation}")).status == 401
    renewed = (await admin.put(f"{path}/token")).data["token"]
    assert renewed != group["token"]
    assert (await worker.call("POST", "/client", {"profile": "{}"})).status == 401
    assert (await admin.delete(path)).status == 200
    assert (await admin.get(path)).status == 404


@pytest_twisted.ensureDeferred
async def test_front_page(api: Api) -> None:
    """GET /"""
    page = (await api.get("/")).json
    for version, missing in (("v0.9.51", {"documentation", "git_commit_hash"}), ("head", set[str]())):
        theirs = recorded("root", version).response.body
        assert set(theirs) - missing <= set(page)
        assert page["info_indexes"] == theirs["info_indexes"]
        assert (page["id"], page["type"]) == (theirs["id"], theirs["type"])
        assert page["queue_status"] == theirs["queue_status"]
    assert page["url"] == f"{api.url}/"


@pytest_twisted.ensureDeferred
async def test_what_is_not_there(api: Api) -> None:
    """Unknown paths, operations and methods"""
    unknown = await api.get("/nothing/here")
    assert (unknown.status, unknown.json["error"]) == (404, ["Resource /nothing/here unknown"])
    for method, path in [("DELETE", "/queue"), ("POST", "/work"), ("DELETE", "/work/a_b_0"), ("POST", "/logger")]:
        answer = await api.call(method, path)
        assert (answer.status, answer.json["error"]) == (501, ["Not Implemented"])
    patched = await api.call("PATCH", "/job")
    assert (patched.status, patched.json["data"]) == (405, None)
