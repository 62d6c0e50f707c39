"""Runs of CWL, as the original's submitter asks for them: ``POST /job`` with the parts ``cwl``, ``job``,
``entrypoint``."""

from itertools import count
from typing import Any

import msgspec
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from awed.model.node import NodeRecord
from awed.model.records import Batch
from awed.nodes.records import NodeRecords
from tests.unit.api.served import BOUNDARY, Served, data, fault, form
from tests.unit.web.wire import Reply, message

TOOL = """
cwlVersion: v1.2
class: CommandLineTool
label: say hello
baseCommand: [echo, hello]
inputs: []
outputs: []
"""
PACKED = """
{"cwlVersion": "v1.0",
 "$graph": [{"id": "#main", "class": "Workflow"},
	{"id": "#tool.cwl", "class": "CommandLineTool", "label": "a \\ud83d\\ude00"},
	{"id": "#other", "class": "Operation"}]}
"""
BOMB = "cwlVersion: v1.2\nclass: Workflow\na: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(8 * ['*' + before])}]\n"
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)


def submit(served: Served, cwl: str | bytes, user: str = "ann", key: str = "", **parts: str) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return served.call("POST", "/job", {"cwl": cwl, **parts}, user=user, headers=headers)


def run_of(served: Served, cwl: str, **parts: str) -> dict[str, Any]:
    job: dict[str, Any] = data(submit(served, cwl, **parts))
    return job


def contents(served: Served, job: dict[str, Any], user: str = "ann") -> dict[str, bytes]:
    """The files of a run."""
    (task,) = job["tasks"]
    return {
        io["filename"]: served.call("GET", f"/node/{io['node']}?download", user=user).body for io in task["inputs"]
    }


def test_a_tool_becomes_a_run_with_the_command_that_runs_it(served: Served) -> None:
    job = run_of(served, TOOL, job="{}", CLIENT_GROUP="g")
    (task,) = job["tasks"]
    assert (job["info"]["name"], job["info"]["pipeline"], job["info"]["clientgroups"]) == ("say hello", "cwl", "g")
    assert task["cmd"]["name"] == "awe-cwl-runner"
    assert task["cmd"]["args_array"] == ["--nodes", "--group=g", "workflow.cwl", "job.json"]
    assert (task["resources"], task["network"], task["retry"]["lost"]) == ({"runs": 1}, True, 100)
    assert [io["filename"] for io in task["outputs"]] == ["cwl.output.json"]
    assert contents(served, job) == {"workflow.cwl": TOOL.encode(), "job.json": b"{}"}


def test_of_a_run_that_no_worker_takes_one_is_warned(served: Served) -> None:
    served.register(id="c", apps=["wc"], resources={"runs": 0})
    (told,) = submit(served, TOOL).json["warnings"]
    assert told["text"].startswith("1 worker: 1 lacks the command")


def test_how_steps_are_run_is_told_to_the_runner(served: Served) -> None:
    (task,) = run_of(served, TOOL, no_container="true", default_container="-x", reuse="false", expire="7D")["tasks"]
    options = ["--no-container", "--default-container=-x", "--expire=7D"]
    assert task["cmd"]["args_array"] == ["--nodes", *options, "workflow.cwl"]
    assert "expire must be a number followed by" in fault(submit(served, TOOL, expire="soon"))
    told = fault(submit(served, TOOL, reuse="perhaps"))
    assert told == "reuse must be true or false, found: perhaps"


def test_its_worker_and_nobody_else_gets_the_token_of_the_run(served: Served) -> None:
    job = run_of(served, TOOL)
    served.register(id="w", resources={"cores": 1, "runs": 1})
    unit = data(served.call("GET", "/work?client=w"))
    told = served.call("GET", f"/work/{unit['wuid']}?privateenv&client=w").headers["Privateenv"]
    token = served.run_tokens.make(job["id"], "ann")
    assert msgspec.json.decode(told) == {"AWE_TOKEN": token}
    shown = served.call("GET", f"/job/{job['id']}", user="root").body + served.call("GET", "/job", user="root").body
    assert token.encode() not in shown


@pytest.mark.parametrize(
    ("entrypoint", "argument"), [("", "#main"), ("#main", "#main"), ("x.cwl#tool.cwl", "#tool.cwl")]
)
def test_the_process_that_is_named_is_run_or_main(served: Served, entrypoint: str, argument: str) -> None:
    (task,) = run_of(served, PACKED, entrypoint=entrypoint)["tasks"]
    assert task["cmd"]["args_array"] == ["--nodes", f"workflow.cwl{argument}"]


@pytest.mark.parametrize(
    ("cwl", "parts", "told"),
    [
        ("cwlVersion: v1.2", {}, "part cwl: class is missing"),
        (
            TOOL.replace("v1.2", "draft-3"),
            {},
            '"draft-3" is not run here, expected one of v1.0, v1.1, v1.2',
        ),
        (TOOL.replace("CommandLineTool", "Operation"), {}, 'class "Operation" cannot be run'),
        (TOOL, {"entrypoint": "other"}, 'entrypoint: part cwl has no process "other"'),
        (PACKED, {"entrypoint": "none"}, 'has no process "none", only "main", "tool.cwl", "other"'),
        (PACKED, {"entrypoint": "other"}, 'class "Operation" cannot be run'),
        ("- a\n- b", {}, "part cwl must be an object"),
        ("a: [", {}, "part cwl is neither JSON nor YAML"),
        ("a: \udcff".encode(errors="surrogateescape"), {}, "part cwl is not UTF-8 text"),
        (TOOL, {"job": "[1]"}, "job must be an object"),
        ('{"cwlVersion": "v1.2", "$graph": [1]}', {}, "$graph must be a list of processes"),
        ("&a {cwlVersion: v1.2, class: *a}", {}, "class"),
    ],
)
def test_what_cannot_be_run_is_refused_and_leaves_nothing(
    served: Served, cwl: str | bytes, parts: dict[str, str], told: str
) -> None:
    assert told in fault(submit(served, cwl, **parts))
    assert data(served.call("GET", "/node", user="root")) == data(served.call("GET", "/job", user="root")) == []


@pytest.mark.parametrize("cwl", ["a: " + 200 * "[" + 200 * "]", BOMB.replace("[x", 200 * "[*a, " + "[x", 1)])
def test_what_is_nested_too_deep_is_too_large(served: Served, cwl: str) -> None:
    fault(submit(served, cwl), 413)


def test_a_document_with_many_values_is_taken_in_json_alone(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("awed.workflow.cwl.MOST_IN_YAML", 30)
    many = f"hints: [{{class: x, y: [{', '.join(20 * '1')}]}}]\n"
    assert "more than 30 values" in fault(submit(served, TOOL + many), 413)
    tool = {"cwlVersion": "v1.2", "class": "CommandLineTool", "inputs": [], "outputs": [], "x": 40 * [1]}
    assert run_of(served, msgspec.json.encode(tool).decode())["tasks"]


def test_what_repeats_itself_is_there_once(served: Served) -> None:
    assert run_of(served, BOMB)["tasks"]


@pytest.mark.parametrize("cwl", [f"{BOMB}id: *k\n", f"{BOMB}$graph: [{{class: Workflow, id: *k}}]\n"])
def test_what_repeats_itself_is_not_written_out_for_an_id(served: Served, cwl: str) -> None:
    assert run_of(served, cwl.replace("Workflow", "CommandLineTool"))["tasks"]


def test_a_repeated_request_makes_one_run_and_its_files_once(served: Served) -> None:
    first, second = (data(submit(served, TOOL, key="k")) for _ in range(2))
    assert first["id"] == second["id"]
    nodes = data(served.call("GET", "/node", user="ann"))
    assert sorted(node["file"]["name"] for node in nodes) == ["", "workflow.cwl"], "with one for the outputs"
    assert first["id"] in fault(submit(served, PACKED, key="k"), 422)


def leave(served: Served, gate: Deferred[None], key: str = "") -> tuple[int, int]:
    """Ask for a run, and leave while *gate* is closed. How many jobs there are then, and how many nodes."""
    connection, _ = served.connect()
    head = {"Authorization": "user ann", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    if key:
        head["Idempotency-Key"] = key
    connection.dataReceived(message("POST", "/job", head, form([("cwl", TOOL), ("job", "{}")])))
    connection.connectionLost(Failure(ConnectionLost()))
    gate.callback(None)
    return len(data(served.call("GET", "/job", user="ann"))), len(data(served.call("GET", "/node", user="ann")))


@pytest.mark.parametrize(("key", "left"), [("", (0, 0)), ("k", (1, 3))])
def test_who_leaves_before_the_files_are_stored_leaves_none(
    served: Served, monkeypatch: pytest.MonkeyPatch, key: str, left: tuple[int, int]
) -> None:
    """With a key the submission goes on."""
    gate, put, calls = Deferred[None](), NodeRecords.put, count(1)

    async def late(records: NodeRecords, record: NodeRecord, new: bool = False) -> None:
        await put(records, record, new)
        if next(calls) == 2:
            await gate

    monkeypatch.setattr(NodeRecords, "put", late)
    assert leave(served, gate, key) == left


def test_who_leaves_while_the_job_is_stored_leaves_it_with_its_files(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, commit = Deferred[None](), served.store.commit

    async def late(batch: Batch) -> None:
        if batch.jobs:
            await gate
        await commit(batch)

    monkeypatch.setattr(served.store, "commit", late)
    assert leave(served, gate) == (1, 3)


def test_a_runner_makes_no_run(served: Served) -> None:
    run = served.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}, user="ann")["id"]
    assert submit(served, TOOL, user=f"bearer {served.run_tokens.make(run, 'ann')}").status == 401
    assert data(served.call("GET", "/node", user="ann")) == []
