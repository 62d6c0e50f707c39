"""Small databases as a release writes them, which every later version must take over (:mod:`.test_kept`).

``python -m tests.integration.keeping VERSION`` lets a daemon live through a little of everything, once on SQLite and
once on MongoDB, and keeps what it stored under ``tests/data/databases/VERSION``.
"""

import gzip
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pymongo
import treq
from bson import json_util
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from tests.integration.daemon import Daemon, Stage
from tests.integration.mongodb import Secantus, database

KEPT = Path(__file__).parents[1] / "data" / "databases"
SQLITE, MONGODB = "awed.sqlite.gz", "mongodb.json.gz"

CLIENT = "5d0fd8a1-3a3c-4b68-a0d4-6f2f5c1ee0ab"
"""The worker that has work when the database is kept."""


async def live(daemon: Daemon, store: str) -> None:
    """From the first start to an end in order: jobs in all states, and a record of every kind."""
    await daemon.start()
    program = daemon.stage.run("-m", "awed.cli", "user", "add", "ann", "--data", str(daemon.data), "--store", store)
    await log_in(daemon, (await program.said(r"^[0-9a-f]{64}$"))[0])
    await daemon.call("POST", "/cgroup/group")
    node = await daemon.call(
        "POST", "/node", files={"upload": ("file", b">a\nACGT\n"), "attributes": ("a", b'{"k": 1}')}
    )
    await daemon.register(id=CLIENT, slots=3)
    outputs = [{"filename": "out", "host": daemon.url}]
    await submit(daemon, "finished", [task("0", outputs=outputs, reuse="both")], token="data token")
    unit = await check_out(daemon)
    await daemon.call("PUT", f"/node/{unit['outputs'][0]['node']}", files={"upload": ("out", b"output\n")})
    await report(daemon, unit, "done", stdout="output")
    hook = {"url": "https://192.88.99.1/", "events": ["job"], "job": unit["jobid"]}
    await daemon.call("POST", "/hook", data=json.dumps(hook).encode())
    await submit(daemon, "deleted", [task("0")])
    await daemon.call("DELETE", f"/job/{(await found(daemon, 'deleted'))['id']}")
    secret = {"name": "true", "environ": {"private": {"PASSWORD": "private"}}}
    inputs = [{"filename": "file", "host": daemon.url, "node": node["id"]}]
    await submit(daemon, "split", [task("0", totalwork=3, cmd=secret), task("1", inputs=inputs, dependsOn=["0"])])
    first, second = await check_out(daemon), await check_out(daemon)
    await report(daemon, first, "done", stdout="first")
    await report(daemon, second, "fail")
    await check_out(daemon)
    await submit(daemon, "suspended", [task("0")])
    await daemon.call("PUT", f"/job/{(await found(daemon, 'suspended'))['id']}?suspend")
    await submit(daemon, "queued", [task("0"), task("1", dependsOn=["0"])])
    assert await daemon.stop() == 0


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"taskid": name, "cmd": {"name": "true"}, **fields}


async def submit(daemon: Daemon, name: str, tasks: list[dict[str, Any]], token: str = "") -> None:
    document = json.dumps({"info": {"name": name, "project": "kept"}, "tasks": tasks}).encode()
    headers = {"Idempotency-Key": name} | ({"Datatoken": token} if token else {})
    await daemon.call("POST", "/job", files={"upload": ("job.json", document)}, headers=headers)


async def log_in(daemon: Daemon, token: str) -> None:
    """What a browser does for a person with this *token*."""
    page = await (await treq.get(f"{daemon.url}/ui/login", persistent=False)).text()
    seal = re.search(r'name="form_token" value="(\w+)"', page)
    assert seal
    fields = {"token": token, "form_token": seal[1]}
    answer = await treq.post(f"{daemon.url}/ui/login", data=fields, persistent=False, allow_redirects=False)
    assert answer.code == 303, await answer.text()


async def found(daemon: Daemon, name: str) -> Any:
    """The job of this name."""
    (job,) = await daemon.call("GET", f"/job?query&info.name={name}")
    return job


async def check_out(daemon: Daemon, client: str = CLIENT) -> Any:
    return await daemon.call("GET", f"/work?client={client}&wait=10")


async def report(daemon: Daemon, unit: Any, status: str, stdout: str = "") -> None:
    """A worker's report on a workunit, with its output and a performance record."""
    path = f"/work/{unit['wuid']}?client={unit['client']}&status={status}&attempt={unit['attempt']}"
    files = {"stdout": ("stdout", stdout.encode()), "perf": ("perf", b'{"runtime": 1.5}')}
    await daemon.call("PUT", path, files=files)


async def keep(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        stage, server = Stage(Path(place)), Secantus(Path(place))
        await server.start()
        file, uri = Path(place) / "awed.sqlite", database(server.uri)
        await live(stage.daemon("--store", f"sqlite:{file}", data="one"), f"sqlite:{file}")
        await live(stage.daemon("--store", uri, data="two"), uri)
        _write(folder, {SQLITE: file.read_bytes(), MONGODB: _dump(uri)})
        await server.kill()
        await stage.clear()


def _dump(uri: str) -> bytes:
    """All documents of a MongoDB database, by collection, as MongoDB's canonical JSON."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        source = client.get_default_database()
        documents = {name: list(source[name].find()) for name in sorted(source.list_collection_names())}
    return json_util.dumps(documents, json_options=json_util.CANONICAL_JSON_OPTIONS).encode()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(keep(KEPT / sys.argv[1])))
