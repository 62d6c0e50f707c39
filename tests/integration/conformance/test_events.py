"""Events, which the original does not have: one test for each line of the contract."""

import pytest_twisted
from twisted.internet.defer import Deferred

from tests.integration.conformance.bench import Bench


@pytest_twisted.ensureDeferred
async def test_events_in_order(bench: Bench) -> None:
    """GET /events?since=N"""
    before = (await bench.api.get("/events")).json["last"]
    job_id = await bench.submit()
    await bench.complete(job_id)
    answer = await bench.api.get(f"/events?since={before}&job={job_id}&kind=job,work")
    states = [(event["kind"], event["state"]) for event in answer.data]
    assert states == [
        *[("job", "init"), ("job", "queued"), ("work", "checkout"), ("job", "in-progress")],
        *[("work", "done"), ("job", "completed")],
    ]
    ids = [event["id"] for event in answer.data]
    assert before < ids[0]
    assert ids == sorted(set(ids))
    assert answer.json["last"] >= ids[-1]
    assert answer.json["oldest"] == 1
    assert (await bench.api.get(f"/events?since={before}&job={job_id}&kind=job,work")).data == answer.data


@pytest_twisted.ensureDeferred
async def test_events_are_waited_for(bench: Bench) -> None:
    """GET /events?since=N&wait=S"""
    before = (await bench.api.get("/events")).json["last"]
    waiting = Deferred.fromCoroutine(bench.api.get(f"/events?since={before}&wait=60&kind=job"))
    job_id = await bench.submit()
    assert {event["job"] for event in (await waiting).data} == {job_id}


@pytest_twisted.ensureDeferred
async def test_a_stream_of_events(bench: Bench) -> None:
    """GET /events with Accept: text/event-stream, and Last-Event-ID"""
    before = (await bench.api.get("/events")).json["last"]
    job_id = await bench.submit()
    expected = (await bench.api.get(f"/events?since={before}&job={job_id}")).data
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(before)}
    assert await bench.api.stream(f"/events?job={job_id}", len(expected), headers) == expected
    cut = await bench.api.stream(f"/events?stream&job={job_id}&since={expected[0]['id']}", len(expected) - 1)
    assert cut == expected[1:]
