"""Several workunits in one request: handed out as a list, reported as a list."""

from typing import Any

import msgspec
import pytest

from tests.unit.api.served import Served, data, fault

WIDE = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}, "totalwork": 8}]}


@pytest.fixture
def job_id(served: Served) -> str:
    return str(served.submit(WIDE)["id"])


@pytest.fixture
def client(served: Served) -> str:
    return str(served.register(id="c1")["id"])


def take(served: Served, client: str, most: int) -> list[dict[str, Any]]:
    units: list[dict[str, Any]] = data(served.call("GET", f"/work?client={client}&max={most}"))
    return units


def report(served: Served, client: str, reports: object) -> list[dict[str, Any]]:
    outcomes: list[dict[str, Any]] = data(
        served.call("PUT", f"/work?client={client}", body=msgspec.json.encode(reports))
    )
    return outcomes


def test_several_workunits_at_once(served: Served, job_id: str, client: str) -> None:
    units = take(served, client, 5)
    assert [unit["wuid"] for unit in units] == [f"{job_id}_0_{rank}" for rank in range(1, 6)]
    assert {(unit["state"], unit["client"], unit["attempt"]) for unit in units} == {("reserved", client, 1)}
    assert len(take(served, client, 1000)) == 3
    assert fault(served.call("GET", f"/work?client={client}&max=5")) == "Server queue is empty"


def test_no_client_gets_more_than_its_share(served: Served, job_id: str, client: str) -> None:
    served.register(id="c2")
    assert [len(take(served, name, 1000)) for name in (client, "c2", client)] == [4, 2, 1]
    assert len(take(served, client, 1)) == 1


@pytest.mark.parametrize(
    ("most", "text"),
    [
        ("0", "max must be at least 1, found: 0"),
        ("x", "max must be a non-negative integer, found: x"),
        ("1001", "max must be at most 1000, found: 1001"),
    ],
)
def test_how_many_is_a_number(served: Served, client: str, most: str, text: str) -> None:
    assert fault(served.call("GET", f"/work?client={client}&max={most}")) == text


def test_a_list_of_reports(served: Served, job_id: str, client: str) -> None:
    units = take(served, client, 8)
    reports = [{"wuid": unit["wuid"], "status": "done", "attempt": 1, "computetime": 2} for unit in units]
    reports[0] |= {"stdout": "ä", "stderr": "err", "worknotes": "note", "perf": {"runtime": 2.5}, "exitstatus": 0}
    assert report(served, client, reports) == [{"wuid": unit["wuid"], "status": 200, "error": None} for unit in units]
    job = data(served.call("GET", f"/job/{job_id}"))
    assert (job["state"], job["tasks"][0]["computetime"]) == ("completed", 16)
    first = units[0]["wuid"]
    for name, text in {"stdout": "ä", "stderr": "err", "worknotes": "note"}.items():
        assert data(served.call("GET", f"/work/{first}?report={name}")) == text
    assert data(served.call("GET", f"/job/{job_id}?perf"))["work_stats"][first]["runtime"] == 2.5


def test_each_report_is_judged_alone(served: Served, job_id: str, client: str) -> None:
    units = take(served, client, 2)
    outcomes = report(
        served,
        client,
        [
            {"wuid": "nonsense", "status": "done"},
            {"wuid": units[0]["wuid"], "status": "done", "attempt": 7},
            {"wuid": units[0]["wuid"], "status": "done", "perf": "nonsense"},
            {"wuid": units[0]["wuid"], "status": "done", "attempt": 1},
            {"wuid": units[1]["wuid"], "status": "discarded"},
        ],
    )
    assert [outcome["status"] for outcome in outcomes] == [400, 409, 200, 409, 200]
    assert outcomes[0]["error"] == ["invalid work id: nonsense"]
    assert "as attempt 7" in outcomes[1]["error"][0]
    states = [work["state"] for work in data(served.call("GET", "/work"))]
    assert states == ["queued"] * 7


def test_a_worker_that_nobody_knows(served: Served, job_id: str) -> None:
    body = msgspec.json.encode([{"wuid": f"{job_id}_0_1", "status": "done"}])
    assert fault(served.call("PUT", "/work?client=stranger", body=body)) == "Client not found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{}", ""),
        (b'[{"wuid":"a_b_0"}]', "status"),
        (b'[{"wuid":"a_b_0","status":"finished"}]', "status"),
        (b'[{"wuid":"a_b_0","status":"done","computetime":-1}]', "computetime"),
        (b'[{"wuid":"a_b_0","status":"done","stdout":"\xff"}]', ""),
        (b"[" * 100_000, ""),
    ],
)
def test_what_is_no_list_of_reports(served: Served, client: str, body: bytes, field: str) -> None:
    """The refusal names the field, in whatever words."""
    before, _, reason = fault(served.call("PUT", f"/work?client={client}", body=body)).partition(": ")
    assert before == "the body must be a JSON list of reports"
    assert reason
    assert field in reason


def test_reports_name_their_worker(served: Served) -> None:
    assert "client=clientid" in fault(served.call("PUT", "/work", body=b"[]"))


@pytest.mark.parametrize("form", ["alone", "in a list"])
def test_a_worker_that_could_not_begin_is_put_aside_and_shows_why(
    served: Served, job_id: str, client: str, form: str
) -> None:
    [unit] = take(served, client, 1)
    if form == "alone":
        query = f"client={client}&status=fail&cause=disk"
        assert data(served.call("PUT", f"/work/{unit['wuid']}?{query}", {"worknotes": "disk full"})) == "ok"
    else:
        report(served, client, [{"wuid": unit["wuid"], "status": "fail", "cause": "disk", "worknotes": "disk full"}])
    shown = data(served.call("GET", f"/client/{client}"))
    assert (shown["Status"], shown["suspend_reason"]) == ("suspend", "it could not begin: disk full")
    assert shown["suspended_until"] > shown["regtime"]
    assert data(served.call("GET", f"/work/{unit['wuid']}"))["failed"] == 0
