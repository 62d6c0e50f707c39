"""``awe import-mongo`` takes over the database of an original AWE server, and the daemon goes on with it."""

from datetime import datetime
from typing import Any

import pytest
from bson.int64 import Int64
from pymongo import MongoClient
from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from awed.model.ids import new_id
from tests.integration.daemon import Stage
from tests.integration.mongodb import database, mongodb
from tests.integration.test_awe import awe

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

NEVER, THEN = datetime(1, 1, 1), datetime(2019, 5, 6, 7, 8, 9)
FINISHED, RUNNING, FAILED, BROKEN = (new_id() for _ in range(4))


def task(job_id: str, number: int, state: str, **fields: Any) -> dict[str, Any]:
    """A task as the original stores it."""
    return {
        "taskid": f"{job_id}_{number}",
        "jobid": job_id,
        "cmd": {"name": "app", "environ": {"public": None, "private": {"KEY": "v"}}},
        "partinfo": None,
        "dependsOn": [f"{job_id}_{number - 1}"] if number else None,
        "totalwork": 1,
        "remainwork": 0 if state == "completed" else 1,
        "state": state,
        "createdDate": THEN,
        "startedDate": THEN,
        "completedDate": THEN if state == "completed" else NEVER,
        "computetime": 3,
        "userattr": None,
        "inputs": [],
        "outputs": [],
        "predata": [],
        **fields,
    }


def job(job_id: str, state: str, *tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    info = {"name": "old", "submittime": THEN, "completedtime": NEVER, "priority": 5.0, "userattr": {"k": "v"}}
    acl = {"owner": "u-1", "read": ["u-1", "public"], "write": ["public"], "delete": []}
    return {
        "id": job_id,
        "acl": acl,
        "info": info,
        "script": {"name": "", "type": "", "path": ""},
        "state": state,
        "registered": True,
        "remaintasks": Int64(1),
        "expiration": NEVER,
        "updatetime": THEN,
        "error": None,
        "resumed": Int64(2),
        "shockhost": "",
        "tasks": list(tasks),
        **fields,
    }


def fill(uri: str) -> None:
    """What an original server leaves behind."""
    with MongoClient[dict[str, Any]](uri) as client:
        found = client.get_default_database()
        found["Jobs"].insert_many(
            [
                job(FINISHED, "completed", task(FINISHED, 0, "completed"), task(FINISHED, 1, "completed")),
                job(RUNNING, "in-progress", task(RUNNING, 0, "completed"), task(RUNNING, 1, "queued")),
                job(FAILED, "suspend", task(FAILED, 0, "suspend"), error={"servernotes": "disk full"}),
                job(BROKEN, "queued", task(BROKEN, 0, "queued", cmd={})),
            ]
        )
        works = {f"{FINISHED}_0_0": {"runtime": Int64(4), "time_data_in": 1.5}}
        found["Perf"].insert_one({"id": FINISHED, "queued": Int64(1), "work_stats": works})
        group = {"id": "g-1", "name": "old", "token": "secret", "acl": {"owner": "u-1"}, "created_on": THEN}
        found["ClientGroups"].insert_one(group)
        found["Users"].insert_many(
            [{"uuid": "u-1", "username": "ann", "password": "pw"}, {"uuid": "u-2", "username": "bob", "password": ""}]
        )


@ensureDeferred
async def test_an_original_moves_in(stage: Stage, mongodb: str) -> None:
    uri = database(mongodb)
    daemon = stage.daemon()
    await deferToThread(fill, uri)
    status, output = await awe(stage, "import-mongo", uri, "--data", str(daemon.data))
    assert status == 3
    assert output.splitlines()[:-1] == [
        "Users: 1 imported, 1 without a password, known by an identity server",
        "ClientGroups: 1 imported",
        f"Jobs {BROKEN}: tasks[0].cmd.name: missing",
        "Jobs: 1 finished, 1 not taken over, 1 suspended, 1 to go on",
    ]
    status, output = await awe(stage, "import-mongo", uri, "--data", str(daemon.data))
    assert "Jobs: 1 not taken over, 3 there already" in output

    await daemon.start()
    status, output = await awe(stage, "import-mongo", uri, "--data", str(daemon.data))
    assert (status, "is in use by process" in output) == (1, True)
    jobs = {found["id"]: found for found in await daemon.call("GET", "/job")}
    assert {job_id: found["state"] for job_id, found in jobs.items()} == {
        FINISHED: "completed",
        RUNNING: "in-progress",
        FAILED: "suspend",
    }
    assert jobs[FAILED]["notes"] == "disk full"
    assert jobs[FINISHED]["info"]["submittime"] == "2019-05-06T07:08:09Z"
    assert jobs[FINISHED]["info"]["priority"] == 5
    perf = await daemon.call("GET", f"/job/{FINISHED}?perf")
    assert perf["work_stats"][f"{FINISHED}_0_0"]["runtime"] == 4

    acl = await daemon.call("GET", f"/job/{FINISHED}/acl", auth=("ann", "pw"))
    assert (acl["owner"], acl["read"]) == ("ann", ["ann", "public"])
    token = {"Authorization": "CG_TOKEN secret"}
    profile = {"profile": ("profile.json", b'{"name": "w", "group": "old", "apps": ["*"]}')}
    client = (await daemon.call("POST", "/client", headers=token, files=profile))["id"]
    unit = await daemon.call("GET", f"/work?client={client}", headers=token)
    assert unit["wuid"] == f"{RUNNING}_1_0"
    await daemon.call("PUT", f"/work/{unit['wuid']}?client={client}&status=done", headers=token)
    assert (await daemon.call("GET", f"/job/{RUNNING}"))["state"] == "completed"
    await daemon.call("PUT", f"/job/{FAILED}?resume", auth=("ann", "pw"))
    assert (await daemon.call("GET", f"/work?client={client}", headers=token))["wuid"] == f"{FAILED}_0_0"
