"""Job management: one test for each line of the contract, named in its docstring."""

import msgspec
import pytest_twisted

from awed.model.ids import new_id
from tests.integration.conformance.api import Api
from tests.integration.conformance.bench import Bench
from tests.integration.conformance.recorded import document, recorded

WHILE_QUEUED = {"state", "clientgroups", "createddate", "starteddate"}
"""awed prepares a task without files at once, so it may be queued before the answer leaves."""


@pytest_twisted.ensureDeferred
async def test_job_submission(bench: Bench) -> None:
    """POST /job, upload"""
    answer = await bench.api.call("POST", "/job", {"upload": msgspec.json.encode(bench.document())})
    assert answer.headers["content-type"] == "application/json"
    answer.is_like("single_submit", but=WHILE_QUEUED)


@pytest_twisted.ensureDeferred
async def test_job_submission_with_a_data_token(bench: Bench) -> None:
    """POST /job, Datatoken: kept, and shown to nobody"""
    body = {"upload": msgspec.json.encode(bench.document("token_submit"))}
    answer = await bench.api.call("POST", "/job", body, headers={"Datatoken": "tok-123"})
    answer.is_like("token_submit", but=WHILE_QUEUED | {"has_private_env"})
    assert "tok-123" not in str(answer.json)
    assert "s3" not in str(answer.json)
    assert answer.data["tasks"][0]["cmd"]["has_private_env"] is True


@pytest_twisted.ensureDeferred
async def test_both_forms_of_documents(bench: Bench) -> None:
    """POST /job, inputs and outputs as a list and as a map"""
    for name in ("newform_submit", "depform_submit"):
        answer = await bench.api.call("POST", "/job", {"upload": msgspec.json.encode(bench.document(name))})
        answer.is_like(name, but=WHILE_QUEUED | {"host", "node"})


@pytest_twisted.ensureDeferred
async def test_a_submission_without_a_document(api: Api) -> None:
    """POST /job, neither part; no form at all"""
    assert (await api.call("POST", "/job", {"other": "{}"})).fault == "No job script or awf is submitted"
    assert (await api.call("POST", "/job")).fault == "No job script or awf is submitted"
    assert (await api.call("POST", "/job", body=b"{}")).status == 400


@pytest_twisted.ensureDeferred
async def test_refused_documents(api: Api) -> None:
    """POST /job, faults of the document"""

    async def fault(name: str) -> str:
        parts = recorded(name).request.parts or []
        return (await api.call("POST", "/job", {part.name: part.content for part in parts})).fault

    assert "invalid job script: task list empty" in await fault("submit_empty_tasks")
    assert "contains multiple inputs with filename=a" in await fault("submit_dup_inputs")
    assert await fault("submit_malformed_json")
    assert "abc" in await fault("submit_with_short_id")


@pytest_twisted.ensureDeferred
async def test_a_submission_that_is_repeated(bench: Bench) -> None:
    """POST /job, Idempotency-Key: the same job; another document is 422"""
    body = {"upload": msgspec.json.encode(bench.document())}
    headers = {"Idempotency-Key": new_id()}
    first, second = [await bench.api.call("POST", "/job", body, headers=headers) for _ in range(2)]
    assert first.data["id"] == second.data["id"]
    assert second.headers["idempotency-replayed"] == "true"
    other = {"upload": msgspec.json.encode({**bench.document(), "id": new_id()})}
    answer = await bench.api.call("POST", "/job", other, headers=headers)
    assert answer.status == 422
    assert first.data["id"] in answer.json["error"][0]


@pytest_twisted.ensureDeferred
async def test_check_a_document(bench: Bench) -> None:
    """POST /job?check: no job; POST /job warns of the same"""
    document = bench.document()
    document["tasks"][0]["dependson"] = []
    answer = await bench.api.call("POST", "/job?check", {"upload": msgspec.json.encode(document)})
    assert list(answer.data) == ["ok", "errors", "warnings", "tasks", "workunits", "unmet"]
    assert answer.data["ok"]
    assert answer.data["warnings"][0]["place"] == "tasks[0].dependson"
    answer = await bench.api.call("POST", "/job", {"upload": msgspec.json.encode(document)})
    assert answer.json["warnings"][0]["place"] == "tasks[0].dependson"


@pytest_twisted.ensureDeferred
async def test_a_known_id_is_refused(bench: Bench) -> None:
    """POST /job, an id that is known"""
    job = {**bench.document(), "id": new_id()}
    await bench.api.submit(job)
    answer = await bench.api.call("POST", "/job", {"upload": msgspec.json.encode(job)})
    assert answer.status == 409


@pytest_twisted.ensureDeferred
async def test_show_all_jobs(bench: Bench) -> None:
    """GET /job"""
    await bench.submit()
    answer = await bench.api.get("/job")
    assert list(answer.json) == ["status", "data", "error", "limit", "offset", "total_count"]
    assert (answer.json["limit"], answer.json["offset"]) == (25, 0)
    assert answer.json["total_count"] >= len(answer.data) >= 1


@pytest_twisted.ensureDeferred
async def test_a_page_of_jobs(bench: Bench) -> None:
    """GET /job?limit=&offset=&order=&direction="""
    ids = [await bench.submit(priority=n) for n in range(1, 5)]
    of_mine = f"query&info.clientgroups={bench.group}"

    async def page(query: str) -> list[str]:
        return [job["id"] for job in (await bench.api.get(f"/job?{query}")).data]

    assert await page(of_mine) == ids[::-1]
    assert await page(f"{of_mine}&direction=asc") == ids
    assert await page(f"{of_mine}&order=info.priority&direction=asc&limit=2&offset=1") == ids[1:3]
    assert await page(f"{of_mine}&limit=0") == ids[::-1]
    answer = await bench.api.get(f"/job?{of_mine}&limit=2&offset=3")
    assert (answer.json["limit"], answer.json["offset"], answer.json["total_count"]) == (2, 3, 4)
    for wrong in ("limit=x", "limit=-1", "offset=-1", "direction=up"):
        assert (await bench.api.get(f"/job?{wrong}")).status == 400


@pytest_twisted.ensureDeferred
async def test_show_active_suspended_and_registered_jobs(bench: Bench) -> None:
    """GET /job?active, GET /job?suspend, GET /job?registered"""
    active, suspended, done = [await bench.submit() for _ in range(3)]
    await bench.api.put(f"/job/{suspended}?suspend")
    await bench.api.delete(f"/job/{done}")

    async def found(flag: str) -> set[str]:
        answer = await bench.api.get(f"/job?{flag}&limit=0")
        assert answer.json["total_count"] == len(answer.data)
        return {job["id"] for job in answer.data} & {active, suspended, done}

    assert await found("active") == {active}
    assert await found("suspend") == {suspended}
    assert await found("registered") == {active, suspended}


@pytest_twisted.ensureDeferred
async def test_show_one_job(bench: Bench) -> None:
    """GET /job/<id>"""
    job_id = await bench.submit()
    queued = await bench.api.get(f"/job/{job_id}")
    queued.is_like("single_job_queued", but={"clientgroups", "updatetime"})
    worker = await bench.worker()
    await worker.report_as_recorded(await worker.checkout())
    completed = await bench.api.get(f"/job/{job_id}")
    completed.is_like("single_job_completed", but={"clientgroups", "startedtime"})
    unknown = new_id()
    answer = await bench.api.get(f"/job/{unknown}")
    assert (answer.status, answer.json["error"]) == (404, [f"job not found: {unknown}"])


@pytest_twisted.ensureDeferred
async def test_the_end_of_a_chain(bench: Bench) -> None:
    """GET /job/<id>, when all its tasks are done"""
    for name in ("chain_submit",):
        job_id = await bench.submit(name)
        await bench.complete(job_id)
        (await bench.api.get(f"/job/{job_id}")).is_like("chain_job_end", but={"clientgroups", "startedtime"})


@pytest_twisted.ensureDeferred
async def test_explain_a_job(bench: Bench) -> None:
    """GET /job/ID?explain, GET /job?explain"""
    job_id = await bench.submit()
    answer = await bench.api.get(f"/job/{job_id}?explain")
    assert list(answer.data) == ["id", "state", "why", "tasks"]
    assert answer.data["tasks"]
    page = await bench.api.get(f"/job?explain&id_prefix={job_id}")
    assert page.data == [answer.data]


@pytest_twisted.ensureDeferred
async def test_show_one_job_report(bench: Bench) -> None:
    """GET /job/<id>?report"""
    job_id = await bench.submit()
    worker = await bench.worker()
    await worker.report_as_recorded(await worker.checkout())
    (await bench.api.get(f"/job/{job_id}?report")).is_like("single_job_report")


@pytest_twisted.ensureDeferred
async def test_jobs_as_lists_show_them(bench: Bench) -> None:
    """GET /job?verbosity=line"""
    job_id = await bench.submit()
    (line,) = (await bench.api.get(f"/job?verbosity=line&id_prefix={job_id}")).data
    assert (line["id"], line["tasks"], line["remaintasks"], line["computetime"]) == (job_id, 1, 1, 0)


@pytest_twisted.ensureDeferred
async def test_the_crate_of_a_job(bench: Bench) -> None:
    """GET /job/<id>?crate"""
    job_id = await bench.submit()
    assert "there is a crate when it has ended" in (await bench.api.get(f"/job/{job_id}?crate")).fault
    worker = await bench.worker()
    await worker.report_as_recorded(await worker.checkout())
    reply = await bench.api.get(f"/job/{job_id}?crate")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/zip")


@pytest_twisted.ensureDeferred
async def test_show_one_job_perf(bench: Bench) -> None:
    """GET /job/<id>?perf"""
    job_id = await bench.submit()
    worker = await bench.worker()
    await worker.report_as_recorded(await worker.checkout())
    data = (await bench.api.get(f"/job/{job_id}?perf")).data
    theirs = recorded("single_job_perf").response.body["data"]
    assert list(data) == list(theirs)
    (task,), (work,) = data["task_stats"].values(), data["work_stats"].values()
    (their_task,), (their_work,) = theirs["task_stats"].values(), theirs["work_stats"].values()
    assert list(task) == list(their_task)
    assert list(work) == list(their_work)
    assert work["max_mem_usage"] == 1234


@pytest_twisted.ensureDeferred
async def test_query_jobs_by_fields(bench: Bench) -> None:
    """GET /job?query&<field>=<value>"""
    ids = [
        await bench.submit(project=project, user=user) for project, user in [("P1", "U0"), ("P1", "U1"), ("P2", "U0")]
    ]

    async def found(query: str) -> list[str]:
        answer = await bench.api.get(f"/job?query&info.clientgroups={bench.group}&direction=asc&{query}")
        assert answer.json["total_count"] == len(answer.data)
        return [job["id"] for job in answer.data]

    assert await found("info.project=P1&info.user=U0") == ids[:1]
    assert await found("info.project=P1,P2") == ids
    assert await found("info.project=P2&info.project=P1") == ids
    assert await found("info.priority=3") == ids
    assert await found("state=completed") == []
    assert await found("date_start=2000-01-01&date_end=2010-01-01") == []
    assert await found("date_start=2000-01-01") == ids
    assert (await bench.api.get("/job?query&date_start=x")).fault == "Invalid datetime format: x"


@pytest_twisted.ensureDeferred
async def test_distinct_values(bench: Bench) -> None:
    """GET /job?distinct=<field>, GET /job?query&...&distinct=<field>"""
    await bench.submit(project=bench.group)
    assert (await bench.api.get(f"/job?query&info.clientgroups={bench.group}&distinct=project")).data == [bench.group]
    answer = await bench.api.get("/job?distinct=project")
    assert list(answer.json) == ["status", "data", "error"]
    assert answer.data.count(bench.group) == 1
    assert (await bench.api.get("/job?distinct=x")).fault == (
        "unable to run distinct query on non-indexed info field: x"
    )


@pytest_twisted.ensureDeferred
async def test_jobs_in_one_line_each(bench: Bench) -> None:
    """GET /job?verbosity=minimal"""
    job_id = await bench.submit("chain_submit", name="fail")
    for _ in range(3):
        worker = await bench.worker()
        await worker.report_as_recorded(await worker.checkout(), "fail")
    answer = await bench.api.get(f"/job?verbosity=minimal&query&info.clientgroups={bench.group}")
    answer.is_like("fail_joblist_minimal")
    assert [job["id"] for job in answer.data] == [job_id]


@pytest_twisted.ensureDeferred
async def test_jobs_by_the_beginning_of_their_id(bench: Bench) -> None:
    """GET /job?id_prefix=X, which is awed's own"""
    job_id = await bench.submit("single_submit")
    answer = await bench.api.get(f"/job?id_prefix={job_id[:20]}")
    assert [job["id"] for job in answer.data] == [job_id]
    assert (await bench.api.get("/job?id_prefix=no-id-begins-so")).data == []


@pytest_twisted.ensureDeferred
async def test_jobs_by_owner_and_name(bench: Bench) -> None:
    """GET /job?owner=X, ?mine and ?words=X, which are awed's own"""
    job_id = await bench.submit("single_submit")
    name = (await bench.api.get(f"/job/{job_id}")).data["info"]["name"]
    for query in ("mine", f"mine&words={name[:4].upper()}"):
        assert job_id in [job["id"] for job in (await bench.api.get(f"/job?{query}")).data]
    for query in ("owner=nobody", "mine&words=no-name-has-this"):
        assert (await bench.api.get(f"/job?{query}")).data == []


@pytest_twisted.ensureDeferred
async def test_a_job_that_failed(bench: Bench) -> None:
    """GET /job/<id> and ?report, after a workunit failed three times"""
    job_id = await bench.submit("chain_submit", name="fail")
    for _ in range(3):
        worker = await bench.worker()
        await worker.report_as_recorded(await worker.checkout(), "fail")
    job = (await bench.api.get(f"/job/{job_id}")).data
    work_id = f"{job_id}_0_0"
    assert (job["state"], job["lastfailed"]) == ("suspend", work_id)
    assert job["notes"] == f"workunit {work_id} failed 3 time(s). msg from client:note of done"


@pytest_twisted.ensureDeferred
async def test_suspend_and_resume_a_job(bench: Bench) -> None:
    """PUT /job/<id>?suspend, PUT /job/<id>?resume"""
    job_id = await bench.submit()
    assert (await bench.api.put(f"/job/{job_id}?suspend")).data == f"job suspended: {job_id}"
    job = await bench.job(job_id)
    assert (job["state"], job["notes"]) == ("suspend", "manually suspended")
    assert (await bench.api.put(f"/job/{job_id}?resume")).data == f"job resumed: {job_id}"
    job = await bench.job(job_id)
    assert (job["state"], job["resumed"]) == ("queued", 1)
    assert (await bench.api.put(f"/job/{job_id}?resume")).fault == (
        f"fail to resume job: {job_id} job {job_id} is not in 'suspend' status"
    )
    await bench.complete(job_id)
    assert (await bench.api.put(f"/job/{job_id}?suspend")).fault == (
        f"fail to suspend job: {job_id} job {job_id} is in completed state"
    )
    assert (await bench.api.put(f"/job/{job_id}")).fault == "requested job operation not supported"


@pytest_twisted.ensureDeferred
async def test_resume_all_the_suspended_jobs(bench: Bench) -> None:
    """PUT /job?resumeall"""
    await bench.api.put("/job?resumeall")
    ids = [await bench.submit() for _ in range(2)]
    for job_id in ids:
        await bench.api.put(f"/job/{job_id}?suspend")
    assert (await bench.api.put("/job?resumeall")).data == "2 suspended jobs resumed"
    assert {(await bench.job(job_id))["state"] for job_id in ids} == {"queued"}


@pytest_twisted.ensureDeferred
async def test_recover_a_job(bench: Bench, admin: Api) -> None:
    """PUT /job/<id>?recover, PUT /job/<id>?register, PUT /job?recoverall"""
    job_id = await bench.submit()
    for flag in ("recover", "register"):
        assert (await bench.api.put(f"/job/{job_id}?{flag}")).fault == (
            f"fail to recover job: {job_id} job {job_id} is already active"
        )
    await bench.complete(job_id)
    assert (await bench.api.put(f"/job/{job_id}?recover")).fault == (
        f"fail to recover job: {job_id} job is in completed state thus cannot be recovered"
    )
    assert (await admin.put("/job?recoverall")).data == "0 missing jobs recovered"
    answer = await bench.api.put("/job?recoverall")
    assert (answer.status, answer.json["error"]) == (401, ["No Authorization"])


@pytest_twisted.ensureDeferred
async def test_recompute_a_job(bench: Bench) -> None:
    """PUT /job/<id>?recompute=<i>"""
    job_id = await bench.submit("chain_submit")
    await bench.complete(job_id)
    answer = await bench.api.put(f"/job/{job_id}?recompute=1")
    answer.is_like("recompute_from_1")
    job = await bench.api.get(f"/job/{job_id}")
    job.is_like("recompute_job", but={"clientgroups", "startedtime", "completedtime", "createddate", "starteddate"})
    assert job.data["notes"] == f"recomputed from task {job_id}_1"
    assert (await bench.api.put(f"/job/{job_id}?recompute=1")).fault == (
        f"fail to recompute job: {job_id} job {job_id} is already active"
    )
    await bench.complete(job_id)
    assert (await bench.api.put(f"/job/{job_id}?recompute")).fault == (
        "lacking stage id from which the recompute starts"
    )
    assert (await bench.api.put(f"/job/{job_id}?recompute=9")).fault == (
        f"fail to recompute job: {job_id} task not found:{job_id}_9"
    )


@pytest_twisted.ensureDeferred
async def test_resubmit_a_job(bench: Bench) -> None:
    """PUT /job/<id>?resubmit"""
    job_id = await bench.submit("chain_submit")
    await bench.complete(job_id)
    assert (await bench.api.put(f"/job/{job_id}?resubmit")).data == f"job resubmitted: {job_id}"
    job = await bench.job(job_id)
    assert [task["state"] for task in job["tasks"]] == ["queued", "pending", "pending"]
    assert (job["remaintasks"], job["notes"]) == (3, "restarted from the beginning")
    await bench.complete(job_id)


@pytest_twisted.ensureDeferred
async def test_change_the_clientgroup(bench: Bench) -> None:
    """PUT /job/<id>?clientgroup=<group>"""
    job_id = await bench.submit()
    other = Bench(bench.api, f"other-{bench.group}")
    worker = await other.worker()
    assert (await worker.ask()).status == 400
    answer = await bench.api.put(f"/job/{job_id}?clientgroup={other.group}")
    assert answer.data == f"job group updated: {job_id} to {other.group}"
    assert await worker.checkout() == f"{job_id}_0_0"
    assert (await bench.api.put(f"/job/{job_id}?clientgroup")).fault == "lacking clientgroup name"


@pytest_twisted.ensureDeferred
async def test_change_the_pipeline(bench: Bench) -> None:
    """PUT /job/<id>?pipeline=<pipeline>"""
    job_id = await bench.submit()
    assert (await bench.api.put(f"/job/{job_id}?pipeline=new")).data == f"job pipeline updated: {job_id} to new"
    assert (await bench.job(job_id))["info"]["pipeline"] == "new"
    assert (await bench.api.put(f"/job/{job_id}?pipeline")).fault == "lacking pipeline value"


@pytest_twisted.ensureDeferred
async def test_change_the_priority(bench: Bench) -> None:
    """PUT /job/<id>?priority=<n>"""
    first, second = await bench.submit(), await bench.submit()
    assert (await bench.api.put(f"/job/{second}?priority=9")).data == f"job priority updated: {second} to 9"
    assert (await bench.job(second))["info"]["priority"] == 9
    worker = await bench.worker(slots=2)
    assert [await worker.checkout(), await worker.checkout()] == [f"{second}_0_0", f"{first}_0_0"]
    wrong = (await bench.api.put(f"/job/{first}?priority=high")).fault
    assert recorded("adm_priority_bad").response.body["error"][0].startswith(wrong)
    assert (await bench.api.put(f"/job/{first}?priority")).fault == "lacking priority value"


@pytest_twisted.ensureDeferred
async def test_change_the_expiration(bench: Bench) -> None:
    """PUT /job/<id>?expiration=<n>M|H|D"""
    job_id = await bench.submit()
    answer = await bench.api.put(f"/job/{job_id}?expiration=2D")
    answer.is_like("adm_expiration")
    assert (await bench.job(job_id))["expiration"] in answer.data
    assert (await bench.api.put(f"/job/{job_id}?expiration=soon")).fault == (
        f"failed to set the expiration for job: {job_id} expiration format 'soon' is invalid"
    )
    assert (await bench.api.put(f"/job/{job_id}?expiration")).fault == "lacking expiration value"


@pytest_twisted.ensureDeferred
async def test_set_the_token(bench: Bench) -> None:
    """PUT /job/<id>?settoken"""
    job_id = await bench.submit()
    path = f"/job/{job_id}?settoken"
    assert (await bench.api.call("PUT", path, headers={"Datatoken": "t"})).data == f"data token set for job: {job_id}"
    assert (await bench.job(job_id))["info"]["auth"] is True
    assert (await bench.api.put(path)).fault == (
        f"fail to retrieve token for job, pls set token in header: {job_id} no token received"
    )


@pytest_twisted.ensureDeferred
async def test_position(bench: Bench) -> None:
    """GET /job/<id>?position"""
    job_id = await bench.submit()
    assert (await bench.api.get(f"/job/{job_id}?position")).data["position"] >= 1
    await bench.complete(job_id)
    assert (await bench.api.get(f"/job/{job_id}?position")).fault == (
        "job is not queued or in-progress, job state:completed"
    )


@pytest_twisted.ensureDeferred
async def test_job_import(bench: Bench) -> None:
    """POST /job, import"""
    job = {**document("import_ok"), "id": new_id()}
    answer = await bench.api.call("POST", "/job", {"import": msgspec.json.encode(job)})
    answer.is_like("import_ok", but={"taskid", "jobid"})
    assert answer.data["info"]["completedtime"] == "2015-03-05T05:06:07Z"
    unfinished = {**job, "id": new_id(), "state": "queued"}
    refused = await bench.api.call("POST", "/job", {"import": msgspec.json.encode(unfinished)})
    assert refused.fault == "invalid job import: must be completed"


@pytest_twisted.ensureDeferred
async def test_cwl_submission(bench: Bench) -> None:
    """POST /job, cwl"""
    tool = "{cwlVersion: v1.0, class: CommandLineTool, baseCommand: 'true', inputs: [], outputs: []}"
    answer = await bench.api.call("POST", "/job", {"cwl": tool, "job": "{}"})
    assert answer.data["info"]["pipeline"] == "cwl"
    assert [task["cmd"]["name"] for task in answer.data["tasks"]] == ["awe-cwl-runner"]
    refused = await bench.api.call("POST", "/job", {"cwl": tool.replace("v1.0", "v2")})
    assert refused.fault == 'part cwl: cwlVersion "v2" is not run here, expected one of v1.0, v1.1, v1.2'


@pytest_twisted.ensureDeferred
async def test_rights_to_a_job(bench: Bench) -> None:
    """GET, PUT, DELETE /job/<id>/acl[/<type>]"""
    job_id = await bench.submit()
    answer = await bench.api.get(f"/job/{job_id}/acl")
    answer.is_like("adm_acl_get")
    assert answer.data == {"owner": "public", "read": ["public"], "write": ["public"], "delete": ["public"]}
    assert (await bench.api.put(f"/job/{job_id}/acl/read?users=ann")).data["read"] == ["public", "ann"]
    assert (await bench.api.delete(f"/job/{job_id}/acl/read?users=ann")).data["read"] == ["public"]
    assert (await bench.api.get("/job/nothing/acl")).status == 404


@pytest_twisted.ensureDeferred
async def test_delete_a_job(bench: Bench) -> None:
    """DELETE /job/<id>, DELETE /job/<id>?full"""
    job_id = await bench.submit()
    worker = await bench.worker()
    work_id = await worker.checkout()
    assert (await bench.api.delete(f"/job/{job_id}")).data == f"job deleted: {job_id}"
    assert (await bench.job(job_id))["state"] == "deleted"
    beat = await bench.api.get(f"/client/{worker.id}?heartbeat")
    assert beat.data["discard"] == work_id
    assert (await bench.api.delete(f"/job/{job_id}?full")).data == f"job deleted: {job_id}"
    assert (await bench.api.get(f"/job/{job_id}")).status == 404
    assert (await bench.api.delete(f"/job/{job_id}")).status == 404


@pytest_twisted.ensureDeferred
async def test_delete_all_suspended_jobs(bench: Bench) -> None:
    """DELETE /job?suspend, DELETE /job?suspend&full"""
    await bench.api.delete("/job?suspend")
    for query, status in (("suspend", 200), ("suspend&full", 404)):
        job_id = await bench.submit()
        await bench.api.put(f"/job/{job_id}?suspend")
        assert (await bench.api.delete(f"/job?{query}")).data == "deleted 1 suspended jobs"
        assert (await bench.api.get(f"/job/{job_id}")).status == status


@pytest_twisted.ensureDeferred
async def test_delete_all_zombie_jobs(bench: Bench) -> None:
    """DELETE /job?zombie, DELETE /job?zombie&full"""
    job_id = await bench.submit()
    for query in ("zombie", "zombie&full"):
        assert (await bench.api.delete(f"/job?{query}")).data == "deleted 0 zombie jobs"
    assert (await bench.job(job_id))["state"] == "queued"


@pytest_twisted.ensureDeferred
async def test_options(api: Api) -> None:
    """OPTIONS /job"""
    (await api.call("OPTIONS", "/job")).is_like("options_job")
