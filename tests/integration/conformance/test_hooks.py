"""Hooks, which the original does not have: one test for each line of the contract."""

import msgspec
import pytest_twisted

from tests.integration.conformance.bench import Bench

PUBLIC = "http://192.0.43.10/"
"""An address that is public, and to which nothing is sent: no event of this test is wanted."""


@pytest_twisted.ensureDeferred
async def test_a_hook_is_sent_events(bench: Bench) -> None:
    """POST /hook, GET /hook, GET /hook/<hook_id>, DELETE /hook/<hook_id>. What is sent: integration/test_hooks.py"""
    job_id = await bench.submit()
    wanted = {"url": PUBLIC, "events": ["job.completed"], "job": job_id}
    made = (await bench.api.call("POST", "/hook", body=msgspec.json.encode(wanted))).data
    assert made.pop("secret")
    assert made == {**wanted, "id": made["id"], "mine": False, "state": "active"}
    assert made in (await bench.api.get("/hook")).data
    assert (await bench.api.get(f"/hook/{made['id']}")).data == {**made, "deliveries": []}
    assert (await bench.api.call("DELETE", f"/hook/{made['id']}")).data == f"hook deleted: {made['id']}"
    gone = await bench.api.get(f"/hook/{made['id']}")
    assert (gone.status, gone.json["error"]) == (404, [f"hook not found: {made['id']}"])


@pytest_twisted.ensureDeferred
async def test_hooks_that_are_refused(bench: Bench) -> None:
    """POST /hook, for addresses that are not public, by number or by name"""
    for host in ("127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254"):
        answer = await bench.api.call("POST", "/hook", body=msgspec.json.encode({"url": f"http://{host}:8001/"}))
        assert answer.fault == "the host has no public address, and [Security] fetch_inside allows no others"
