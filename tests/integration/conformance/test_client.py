"""Clients: one test for each line of the contract, named in its docstring."""

import pytest_twisted

from awed.model.ids import new_id
from tests.integration.conformance.api import Api
from tests.integration.conformance.bench import Bench
from tests.integration.conformance.recorded import Exchange, document, recorded

KEPT_BY_THE_SERVER = {"serve_time", "regtime", "group"}


def parts(exchange: Exchange) -> dict[str, str | bytes]:
    """The form of a recorded request."""
    return {part.name: part.content for part in exchange.request.parts or []}


@pytest_twisted.ensureDeferred
async def test_register_a_new_client(api: Api) -> None:
    """POST /client"""
    old = await api.call("POST", "/client", parts(recorded("client_register_old_form")))
    old.is_like("client_register_old_form", but=KEPT_BY_THE_SERVER)
    new = await api.call("POST", "/client", parts(recorded("client_register_new_form", "head")))
    new.is_like("client_register_new_form", version="head")
    assert new.data["server_uuid"] == (await api.get("/")).json["uuid"]


@pytest_twisted.ensureDeferred
async def test_what_is_no_registration(api: Api) -> None:
    """POST /client, without a profile"""
    fault = "Error in registering new client: Profile file not provided"
    assert (await api.call("POST", "/client")).fault == fault
    assert (await api.call("POST", "/client", {"other": "{}"})).fault == fault
    assert (await api.call("POST", "/client", {"profile": "{"})).fault.startswith("Error in registering new client:")


@pytest_twisted.ensureDeferred
async def test_registering_again_keeps_the_work_it_names(bench: Bench) -> None:
    """POST /client, with an id that is known"""
    await bench.submit()
    await bench.submit()
    worker = await bench.worker(slots=2)
    kept, lost = await worker.checkout(), await worker.checkout()
    client = await bench.api.register(
        id=worker.id, group=bench.group, apps=["*"], slots=2, current_work={"data": [kept]}
    )
    assert (client["current_work"], client["total_checkout"]) == ({kept: True}, 2)
    assert (await bench.api.get(f"/work/{lost}")).data["state"] == "queued"


@pytest_twisted.ensureDeferred
async def test_view_all_clients(bench: Bench) -> None:
    """GET /client"""
    worker = await bench.worker()
    answer = await bench.api.get("/client")
    assert list(answer.json) == ["status", "data", "error"]
    (shown,) = [client for client in answer.data if client["id"] == worker.id]
    assert set(recorded("client_list").response.body["data"][0]) <= set(shown)


@pytest_twisted.ensureDeferred
async def test_filters(bench: Bench) -> None:
    """GET /client?busy, ?group=<name>, ?status=<client status>, ?app=<app>"""
    app = f"app-{new_id()}"
    idle, busy = await bench.worker(apps=[app]), await bench.worker()
    await bench.submit()
    await busy.checkout()

    async def found(query: str) -> set[str]:
        return {client["id"] for client in (await bench.api.get(f"/client?{query}")).data} & {idle.id, busy.id}

    assert await found("busy") == {busy.id}
    assert await found(f"group={bench.group}") == {idle.id, busy.id}
    assert await found("group=none") == set()
    assert await found("status=active-busy") == await found("status=busy") == {busy.id}
    assert await found("status=active-idle") == await found("status=idle") == {idle.id}
    assert await found(f"app={app}") == {idle.id}
    await bench.api.put(f"/client/{idle.id}?suspend")
    assert await found("status=suspend") == {idle.id}


@pytest_twisted.ensureDeferred
async def test_view_a_client(api: Api) -> None:
    """GET /client/<client_id>"""
    profile = document("client_register_old_form")
    await api.register(**profile)
    (await api.get(f"/client/{profile['id']}")).is_like("client_get", but=KEPT_BY_THE_SERVER)
    assert (await api.get(f"/client/{new_id()}")).fault == "Client not found"


@pytest_twisted.ensureDeferred
async def test_heartbeat(bench: Bench) -> None:
    """GET|PUT /client/<client_id>?heartbeat"""
    worker = await bench.worker()
    path = f"/client/{worker.id}?heartbeat"
    (await bench.api.get(path)).is_like("client_heartbeat_get")
    body = recorded("client_heartbeat_put", "head").request.body or ""
    (await bench.api.call("PUT", path, body=body.encode())).is_like("client_heartbeat_put", version="head")
    (await bench.api.get(f"/client/{new_id()}?heartbeat")).is_like("client_heartbeat_unknown")


@pytest_twisted.ensureDeferred
async def test_heartbeat_with_work_to_throw_away(bench: Bench) -> None:
    """GET /client/<client_id>?heartbeat, after the job of its work is deleted"""
    job_id = await bench.submit()
    worker = await bench.worker()
    await worker.checkout()
    await bench.api.delete(f"/job/{job_id}")
    (await bench.api.get(f"/client/{worker.id}?heartbeat")).is_like("hold_heartbeat_discard")


@pytest_twisted.ensureDeferred
async def test_suspend_and_resume_all_clients(bench: Bench) -> None:
    """PUT /client?suspendall, PUT /client?resumeall"""
    worker = await bench.worker()
    assert (await bench.api.put("/client?suspendall")).data.endswith(" clients suspended")
    assert (await worker.ask()).fault == "Client suspended"
    assert (await bench.api.put("/client?suspendall")).data == "0 clients suspended"
    assert (await bench.api.put("/client?resumeall")).data.endswith(" suspended clients resumed")
    assert (await bench.api.get(f"/client/{worker.id}")).data["Status"] == "active-idle"


@pytest_twisted.ensureDeferred
async def test_suspend_and_resume_a_client(bench: Bench) -> None:
    """PUT /client/<client_id>?suspend, PUT /client/<client_id>?resume"""
    await bench.submit()
    worker = await bench.worker()
    work_id = await worker.checkout()
    assert (await bench.api.put(f"/client/{worker.id}?suspend")).data == "client suspended"
    assert (await bench.api.get(f"/work/{work_id}")).data["state"] == "queued"
    assert (await bench.api.put(f"/client/{worker.id}?resume")).data == "client resumed"
    (await bench.api.put(f"/client/{worker.id}?resume")).is_like("client_resume_again")
    assert (await bench.api.put(f"/client/{worker.id}?subclients=2")).data == "ok"


@pytest_twisted.ensureDeferred
async def test_a_client_signs_off(bench: Bench) -> None:
    """DELETE /client/<client_id>"""
    await bench.submit()
    worker = await bench.worker()
    work_id = await worker.checkout()
    assert (await bench.api.delete(f"/client/{worker.id}")).data == "client deleted"
    assert (await bench.api.get(f"/client/{worker.id}")).fault == "Client not found"
    assert (await bench.api.get(f"/work/{work_id}")).data["state"] == "queued"
