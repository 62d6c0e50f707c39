"""Workunits: one test for each line of the contract, named in its docstring."""

import base64

import msgspec
import pytest_twisted
import treq
from twisted.internet.defer import Deferred

from awed.model.ids import new_id
from tests.integration.conformance.api import Api
from tests.integration.conformance.bench import Bench
from tests.integration.conformance.recorded import recorded

VOLATILE = {"clientgroups", "startedtime", "checkout_time"}


@pytest_twisted.ensureDeferred
async def test_view_a_workunit(bench: Bench) -> None:
    """GET /work/<work_id>"""
    work_id = f"{await bench.submit()}_0_0"
    (await bench.api.get(f"/work/{work_id}")).is_like("single_work_get_queued", but=VOLATILE)
    wrapped = base64.b64encode(work_id.encode()).decode()
    assert (await bench.api.get(f"/work/base64:{wrapped}")).data["wuid"] == work_id
    unknown = f"{new_id()}_0_0"
    assert (await bench.api.get(f"/work/{unknown}")).fault == f"no workunit found with id {unknown}"
    assert (await bench.api.get("/work/nonsense")).fault == "invalid work id: nonsense"


@pytest_twisted.ensureDeferred
async def test_explain_a_workunit(bench: Bench) -> None:
    """GET /work/<work_id>?explain"""
    answer = await bench.api.get(f"/work/{await bench.submit()}_0_0?explain")
    assert list(answer.data) == ["taskid", "state", "why", "counts", "after", "until"]


@pytest_twisted.ensureDeferred
async def test_request_the_data_token(bench: Bench) -> None:
    """GET /work/<work_id>?datatoken&client=<client_id>"""
    worker = await bench.worker()
    await bench.api.submit(bench.document("token_submit"), {"Datatoken": "tok-123"})
    work_id = await worker.checkout()
    answer = await bench.api.get(f"/work/{work_id}?datatoken&client={worker.id}")
    answer.is_like("token_datatoken")
    assert answer.headers["datatoken"] == recorded("token_datatoken").response.headers["Datatoken"]
    other = await bench.worker()
    assert (await bench.api.get(f"/work/{work_id}?datatoken&client={other.id}")).status == 401


@pytest_twisted.ensureDeferred
async def test_request_the_private_environment(bench: Bench) -> None:
    """GET /work/<work_id>?privateenv&client=<client_id>"""
    worker = await bench.worker()
    await bench.submit("token_submit")
    work_id = await worker.checkout()
    answer = await bench.api.get(f"/work/{work_id}?privateenv&client={worker.id}")
    answer.is_like("token_privateenv")
    assert answer.headers["privateenv"] == recorded("token_privateenv").response.headers["Privateenv"]
    other = await bench.worker()
    assert (await bench.api.get(f"/work/{work_id}?privateenv&client={other.id}")).status == 401


@pytest_twisted.ensureDeferred
async def test_checkout(bench: Bench) -> None:
    """GET /work?client=<client_id>"""
    job_id = await bench.submit()
    worker = await bench.worker()
    (await worker.ask("&available=1000000000")).is_like("single_checkout", but=VOLATILE)
    assert (await bench.api.get(f"/work/{job_id}_0_0")).data["state"] == "checkout"
    await bench.submit()
    (await worker.ask()).is_like("checkout_while_busy")


@pytest_twisted.ensureDeferred
async def test_checkout_as_the_newest_worker_reads_it(bench: Bench) -> None:
    """GET /work?client=<client_id>, in the form of 2019"""
    await bench.submit()
    worker = await bench.worker()
    answer = await worker.ask("&available=1000000000&server_uuid=")
    answer.is_like("single_checkout", but=VOLATILE, version="head")


@pytest_twisted.ensureDeferred
async def test_checkout_of_a_part(bench: Bench) -> None:
    """GET /work?client=<client_id>, of a task with several parts"""
    array = bench.document()
    array["tasks"][0]["totalwork"] = 3
    job = await bench.api.submit(array)
    worker = await bench.worker(slots=3)
    ids = [await worker.checkout() for _ in range(3)]
    assert ids == [f"{job['id']}_0_{rank}" for rank in (1, 2, 3)]


@pytest_twisted.ensureDeferred
async def test_no_work(bench: Bench, admin: Api) -> None:
    """GET /work?client=<client_id>, the texts that workers compare"""
    worker = await bench.worker()
    assert (await worker.ask()).fault in ("Server queue is empty", "No eligible workunit found")
    other = Bench(bench.api, f"other-{bench.group}")
    await other.submit()
    assert (await worker.ask()).fault == "No eligible workunit found"
    assert (await bench.api.get(f"/work?client={new_id()}")).fault == "Client not found"
    await bench.api.put(f"/client/{worker.id}?suspend")
    assert (await worker.ask()).fault == "Client suspended"
    await bench.api.put(f"/client/{worker.id}?resume")
    await admin.put("/queue?suspend")
    assert (await worker.ask()).fault == "Server queue is suspended"
    await admin.put("/queue?resume")


@pytest_twisted.ensureDeferred
async def test_update_the_status(bench: Bench) -> None:
    """GET|PUT /work/<work_id>?status=<new_status>&client=<client_id>&report"""
    job_id = await bench.submit()
    worker = await bench.worker()
    (await worker.report_as_recorded(await worker.checkout())).is_like("single_done")
    assert (await bench.job(job_id))["state"] == "completed"
    again = await bench.submit()
    work_id = await worker.checkout()
    answer = await bench.api.get(f"/work/{work_id}?status=done&client={worker.id}&report")
    assert answer.data == "ok"
    assert (await bench.job(again))["state"] == "completed"


@pytest_twisted.ensureDeferred
async def test_a_failure_goes_to_another_worker(bench: Bench) -> None:
    """PUT /work/<work_id>?status=fail"""
    await bench.submit()
    first, second = await bench.worker(), await bench.worker()
    work_id = await first.checkout()
    assert (await first.report(work_id, "fail")).data == "ok"
    assert (await first.ask()).fault == "No eligible workunit found"
    assert await second.checkout() == work_id
    assert (await bench.api.get(f"/work/{work_id}")).data["failed"] == 1


@pytest_twisted.ensureDeferred
async def test_reports_that_are_not_taken(bench: Bench) -> None:
    """PUT /work/<work_id>, wrong and late ones"""
    await bench.submit()
    worker, other = await bench.worker(), await bench.worker()
    work_id = await worker.checkout()
    path = f"/work/{work_id}"
    assert (await bench.api.put(f"{path}?status=done")).fault == (
        "This request type requires the client=clientid parameter."
    )
    assert (await bench.api.put(f"{path}?status=done&client={new_id()}")).fault == "Client not found"
    assert (await bench.api.put(f"{path}?client={worker.id}")).status == 400
    assert (await bench.api.put(f"{path}?status=finished&client={worker.id}")).status == 400
    assert (await other.report(work_id)).data == "ok"
    assert (await bench.api.get(path)).data["client"] == worker.id
    assert (await worker.report(work_id, more="&attempt=7")).status == 409
    assert (await worker.report(work_id, more="&attempt=1")).data == "ok"


@pytest_twisted.ensureDeferred
async def test_view_the_logs_of_a_workunit(bench: Bench) -> None:
    """GET /work/<work_id>?report=worknotes, ?report=stdout, ?report=stderr"""
    await bench.submit()
    worker = await bench.worker()
    work_id = await worker.checkout()
    await worker.report_as_recorded(work_id)
    (await bench.api.get(f"/work/{work_id}?report=worknotes")).is_like("work_report_worknotes")
    assert (await bench.api.get(f"/work/{work_id}?report=stdout")).data == "out line\n"
    assert (await bench.api.get(f"/work/{work_id}?report=stderr")).data == "err line\n"
    (await bench.api.get(f"/work/{work_id}?report=bogus")).is_like("work_report_bogus")


@pytest_twisted.ensureDeferred
async def test_a_log_while_it_is_written(bench: Bench) -> None:
    """GET /work/<work_id>/log, PUT /work?log&client=<client_id>"""
    await bench.submit()
    worker = await bench.worker()
    work_id = await worker.checkout()
    following = Deferred.fromCoroutine(read_log(bench, work_id, "?wait=60"))
    piece = {"wuid": work_id, "attempt": 1, "stream": "stdout", "offset": 0, "data": "b3V0IA=="}
    await bench.api.call("PUT", f"/work?log&client={worker.id}", body=msgspec.json.encode([piece]))
    assert await following == (b"out ", "0", "4", "false", "1")
    await worker.report_as_recorded(work_id)
    assert await read_log(bench, work_id, "?offset=4") == (b"line\n", "4", "9", "true", "1")


async def read_log(bench: Bench, work_id: str, query: str) -> tuple[bytes | str, ...]:
    response = await treq.get(f"{bench.api.url}/work/{work_id}/log{query}", persistent=False)
    assert response.headers.getRawHeaders("Content-Type") == ["text/plain"]
    told = [response.headers.getRawHeaders(f"Awe-Log-{name}")[0] for name in ("Offset", "End", "Complete", "Attempt")]
    return await response.content(), *told


@pytest_twisted.ensureDeferred
async def test_view_all_workunits(bench: Bench) -> None:
    """GET /work, GET /work?query"""
    job_id = await bench.submit("chain_submit")
    assert f"{job_id}_0_0" in [work["wuid"] for work in (await bench.api.get("/work")).data]
    page = await bench.api.get(f"/work?query&jobid={job_id}&order=wuid&limit=5")
    assert [work["wuid"] for work in page.data] == [f"{job_id}_0_0"]
    assert (page.json["limit"], page.json["offset"], page.json["total_count"]) == (5, 0, 1)
    (await bench.api.get(f"/work?query&jobid={new_id()}")).is_like("worklist_empty_query")
    assert (await bench.api.get(f"/work?jobid={new_id()}")).data == []


@pytest_twisted.ensureDeferred
async def test_many_at_once(bench: Bench) -> None:
    """GET /work?client=<client_id>&max=<n> and PUT /work?client=<client_id>, which the original does not have"""
    array = bench.document()
    array["tasks"][0]["totalwork"] = 4
    job = await bench.api.submit(array)
    worker = await bench.worker()
    ids: list[str] = []
    while len(ids) < 4:
        ids += [work["wuid"] for work in (await worker.ask("&max=4")).data]
    assert ids == [f"{job['id']}_0_{rank}" for rank in (1, 2, 3, 4)]
    body = msgspec.json.encode([{"wuid": wuid, "status": "done", "stdout": wuid} for wuid in ids])
    answer = await bench.api.call("PUT", f"/work?client={worker.id}", body=body)
    assert answer.data == [{"wuid": wuid, "status": 200, "error": None} for wuid in ids]
    assert (await bench.api.get(f"/job/{job['id']}")).data["state"] == "completed"
    assert (await bench.api.get(f"/work/{ids[2]}?report=stdout")).data == ids[2]
