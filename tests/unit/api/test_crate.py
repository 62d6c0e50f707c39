"""``GET /job/ID?crate``: what it tells to whom."""

import io
import json
import zipfile
from typing import Any

import pytest

from tests.unit.api.served import Served, data, fault

GRAPH = {
    "info": {"name": "count", "userattr": {"license": "https://spdx.org/licenses/CC0-1.0"}},
    "tasks": [
        {
            "taskid": "split",
            "cmd": {
                "name": "awk",
                "args": "-f @a.txt",
                "environ": {"public": {"LANG": "C"}, "private": {"KEY": "hush"}},
            },
            "outputs": [{"filename": "b.txt"}],
        },
        {
            "taskid": "sum",
            "cmd": {"name": "wc", "Dockerimage": "quay.io/lab/wc:1@sha256:abcd"},
            "dependsOn": ["split"],
            "inputs": [{"filename": "b.txt", "origin": "split"}],
            "outputs": [{"filename": "c.txt"}],
            "resources": {"cores": 2, "memory": "1G"},
        },
    ],
}


def crate(served: Served, job_id: str, user: str = "") -> dict[str, Any]:
    """The entities of a crate, by their ids."""
    reply = served.call("GET", f"/job/{job_id}?crate", user=user)
    assert reply.status == 200, reply.body
    archive = zipfile.ZipFile(io.BytesIO(reply.unchunked))
    assert archive.namelist() == ["ro-crate-metadata.json", "job.json", "README.md"]
    assert json.loads(archive.read("job.json"))["id"] == job_id
    graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    return entities


def finish(served: Served, client: str, sizes: dict[str, bytes]) -> None:
    """Do all work there is as a worker would, with these outputs."""
    while (reply := served.call("GET", f"/work?client={client}")).status == 200:
        work = data(reply)
        for output in work["outputs"]:
            content = sizes[output["filename"]]
            data(served.call("PUT", f"/node/{output['node']}", {"upload": content}, user="ann"))
        perf = json.dumps({"checkout": 1764000000, "deliver": 1764000002, "cpu_seconds": 1.5, "client_id": client})
        data(served.call("PUT", f"/work/{work['wuid']}?status=done&client={client}", {"perf": perf}))


@pytest.fixture
def ran(served: Served) -> str:
    """The id of a job of ann's that has run."""
    client = served.register(id="c", version="7.1", executors=True)["id"]
    job_id = str(served.submit(GRAPH, user="ann")["id"])
    finish(served, client, {"b.txt": b"1\n2\n", "c.txt": b"2\n"})
    assert data(served.call("GET", f"/job/{job_id}", user="ann"))["state"] == "completed"
    return job_id


def test_what_ran_with_its_files_and_versions(served: Served, ran: str) -> None:
    seen = crate(served, ran, "ann")
    assert (seen["#owner"]["name"], seen["#license"]["name"]) == ("ann", "https://spdx.org/licenses/CC0-1.0")
    action = seen[f"#{ran}_split_0"]
    made = seen[action["result"]["@id"]]
    assert (made["name"], made["contentSize"], made["md5"]) == ("b.txt", "4", "6ddb4095eb719e2a9f0a3f95677d24e0")
    assert seen[f"#{ran}_sum_0"]["object"] == action["result"]
    assert seen[f"#{ran}_sum_0/cpu"]["value"] == "1.5"
    assert seen[seen[f"#{ran}_sum_0"]["containerImage"]["@id"]]["sha256"] == "abcd"
    assert [entity["softwareVersion"] for entity in seen.values() if entity.get("name") == "awe-worker"] == ["7.1"]
    tool = seen[seen[f"#{ran}_sum_0"]["instrument"]["@id"]]
    assert (tool["processorRequirements"], tool["memoryRequirements"]) == ("2 cores", f"{1 << 30} bytes")
    assert served.call("GET", made["@id"].removeprefix("http://awe.example:8001"), user="ann").body == b"1\n2\n"


def test_secrets_are_in_no_crate(served: Served, ran: str) -> None:
    reply = served.call("GET", f"/job/{ran}?crate", user="ann")
    archive = zipfile.ZipFile(io.BytesIO(reply.unchunked))
    assert not any(b"hush" in archive.read(name) or b"KEY" in archive.read(name) for name in archive.namelist())


def test_what_opens_the_file_of_others_is_in_no_crate(served: Served) -> None:
    """Nor where a job looks as if it were the run of a workflow at such a URL."""
    signed = "https://bucket.example/a.cwl?X-Amz-Signature=secret"
    for name in ("sort", "awe-cwl-runner"):
        cmd = {"name": name, "args_array": ["--nodes", "a.cwl"]}
        task = {"taskid": "0", "cmd": cmd, "inputs": [{"filename": "a.cwl", "url": signed}]}
        job_id = served.submit({"tasks": [task]})["id"]
        data(served.call("PUT", f"/job/{job_id}?suspend"))
        archive = zipfile.ZipFile(io.BytesIO(served.call("GET", f"/job/{job_id}?crate").unchunked))
        told = archive.read("ro-crate-metadata.json")
        assert b"https://bucket.example/a.cwl" in told
        assert b"secret" not in told


def test_a_run_tells_of_the_steps_that_the_reader_may_see(served: Served) -> None:
    tool = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: true\ninputs: []\noutputs: []\n"
    run_id = data(served.call("POST", "/job", {"cwl": tool}, user="ann"))["id"]
    steps = []
    for _ in range(2):
        document = {
            "name": "step",
            "executors": [{"image": "alpine", "command": ["true"]}],
            "resources": {"backend_parameters": {"parent": run_id}},
        }
        reply = served.call("POST", "/ga4gh/tes/v1/tasks", body=json.dumps(document).encode(), user="ann")
        steps.append(reply.json["id"])
    served.register(id="w", executors=True, apps=["tes"])
    for _ in steps:
        wuid = data(served.call("GET", "/work?client=w"))["wuid"]
        data(served.call("PUT", f"/work/{wuid}?status=done&client=w"))
    data(served.call("PUT", f"/job/{run_id}?suspend", user="ann"))
    for step in (run_id, steps[0]):
        data(served.call("PUT", f"/job/{step}/acl/read?users=bob", user="ann"))
    for user, seen_by in (("ann", steps), ("bob", steps[:1])):
        reply = served.call("GET", f"/job/{run_id}?crate", user=user)
        archive = zipfile.ZipFile(io.BytesIO(reply.unchunked))
        ids = {entity["@id"] for entity in json.loads(archive.read("ro-crate-metadata.json"))["@graph"]}
        assert {step for step in steps if f"#{step}_tes_0" in ids} == set(seen_by)
        copy = ["workflow/workflow.cwl"] if user == "ann" else []
        assert archive.namelist()[3:] == copy, "nodes have rights of their own"
    assert archive.namelist()[3:] == []


def test_the_size_of_a_workflow_is_that_at_its_address(served: Served, ran: str) -> None:
    seen = crate(served, ran, "ann")
    main = seen["./"]["mainEntity"]["@id"]
    assert seen[main]["contentSize"] == str(len(served.call("GET", f"/job/{ran}", user="ann").body))
    assert main.endswith(f"/job/{ran}")


def test_of_nodes_that_the_reader_may_not_see_there_is_what_the_document_says(served: Served, ran: str) -> None:
    data(served.call("PUT", f"/job/{ran}/acl/read?users=bob", user="ann"))
    mine, theirs = crate(served, ran, "ann"), crate(served, ran, "bob")
    assert mine.keys() == theirs.keys()
    files = [entity for entity in theirs.values() if entity["@type"] == "File" and "/node/" in entity["@id"]]
    assert len(files) == 2
    assert all("md5" not in entity for entity in files)


def test_the_version_of_a_worker_is_for_those_who_may_see_it(served: Served, ran: str) -> None:
    served.call("DELETE", "/client/c")
    assert "awe-worker" not in [entity.get("name") for entity in crate(served, ran, "ann").values()]


def test_there_is_none_of_a_job_that_is_still_to_run(served: Served) -> None:
    job_id = served.submit(GRAPH)["id"]
    text = fault(served.call("GET", f"/job/{job_id}?crate"))
    assert text == f"job {job_id} is queued: there is a crate when it has ended, or is suspended"
    data(served.call("PUT", f"/job/{job_id}?suspend"))
    assert crate(served, job_id)["#run"]["actionStatus"] == "http://schema.org/FailedActionStatus"


def test_the_terms_of_use_are_described_where_crates_point(served: Served) -> None:
    document = served.call("GET", "/openapi.json").json
    assert {"memory", "cpu", "disk", "read", "written"} <= document["components"]["schemas"]["Used"][
        "properties"
    ].keys()
    content = document["paths"]["/job/{job_id}"]["get"]["responses"]["200"]["content"]
    assert "application/zip" in content


def test_head_sends_no_crate(served: Served, ran: str) -> None:
    reply = served.call("HEAD", f"/job/{ran}?crate", user="ann")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Disposition"] == f"attachment; filename={ran}.crate.zip"
