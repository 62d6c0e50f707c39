"""The calls of the Workflow Execution Service."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from awed.workflow.reader import DocumentLimits
from tests.unit.api.served import BOUNDARY, Served, data, done, form
from tests.unit.tes.tasks import ECHO
from tests.unit.web.wire import Reply

BASE = "/ga4gh/wes/v1"
TOOL = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: 'true'\ninputs: []\noutputs: []\n"
ASKED = {"workflow_type": "CWL", "workflow_type_version": "v1.2", "workflow_url": "main.cwl"}
AWE = {"workflow_type": "AWE", "workflow_type_version": "1.0", "workflow_url": "job.awf"}
DOCUMENT = {
    "info": {"name": "copy", "userattr": {"mine": 1}},
    "tasks": [
        {
            "taskid": "0",
            "cmd": {"name": "cp", "args": "@in out"},
            "inputs": [{"filename": "in"}],
            "outputs": [{"filename": "out"}],
        }
    ],
}


def post(
    served: Served, fields: dict[str, str], attachments: Sequence[tuple[str, str]] = (("main.cwl", TOOL),)
) -> Reply:
    parts = [(f'name="{name}"', text) for name, text in fields.items()]
    parts += [(f'name="workflow_attachment"; filename="{name}"', text) for name, text in attachments]
    lines = [f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}" for head, text in parts]
    return send(served, "\r\n".join([*lines, f"--{BOUNDARY}--\r\n"]).encode())


def send(served: Served, body: bytes) -> Reply:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return served.call("POST", f"{BASE}/runs", body=body, headers=headers, user="ann")


def run(served: Served, fields: dict[str, str] = ASKED, **more: Any) -> str:
    reply = post(served, fields, **more)
    assert reply.status == 200, reply.body
    return str(reply.json["run_id"])


def get(served: Served, path: str, user: str = "ann") -> Any:
    reply = served.call("GET", f"{BASE}{path}", user=user)
    assert reply.status == 200, reply.body
    return reply.json


def refused(reply: Reply, status: int = 400) -> str:
    assert (reply.status, sorted(reply.json), reply.json["status_code"]) == (status, ["msg", "status_code"], status)
    return str(reply.json["msg"])


def fail(served: Served, **report: Any) -> None:
    """The next work fails."""
    served.register(id="w", resources={"cores": 1, "runs": 9})
    unit = data(served.call("GET", "/work?client=w"))
    more = "".join(f"&{name}={value}" for name, value in report.items())
    data(served.call("PUT", f"/work/{unit['wuid']}?client=w&status=fail{more}"))


def test_service_info_says_what_is_run(served: Served) -> None:
    run(served)
    info = get(served, "/service-info")
    assert info["type"] == {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"}
    assert info["workflow_type_versions"]["CWL"] == {"workflow_type_version": ["v1.0", "v1.1", "v1.2"]}
    assert info["workflow_type_versions"].keys() == {"CWL", "AWE"}
    assert info["system_state_counts"]["QUEUED"] == 1
    assert {one["name"] for one in info["default_workflow_engine_parameters"]} == {
        *("group", "priority", "name"),
        *("no_container", "default_container", "reuse", "expire"),
    }


def test_a_run_of_cwl_has_its_attachments_where_they_were(served: Served) -> None:
    said = {"workflow_params": '{"n": 1}', "tags": '{"study": "phage"}'}
    said["workflow_engine_parameters"] = '{"group": "g", "priority": "3", "reuse": "true"}'
    run_id = run(served, {**ASKED, **said}, attachments=[("main.cwl", TOOL), ("tools/sub/x.cwl", TOOL)])
    job = data(served.call("GET", f"/job/{run_id}", user="ann"))
    (task,) = job["tasks"]
    assert task["cmd"]["args_array"] == ["--nodes", "--reuse", "--group=g", "main.cwl", "job.json"]
    assert [io["filename"] for io in task["inputs"]] == ["main.cwl", "tools/sub/x.cwl", "job.json"]
    assert (job["info"]["clientgroups"], job["info"]["priority"]) == ("g", 3)
    assert job["info"]["userattr"]["study"] == "phage"
    shown = get(served, f"/runs/{run_id}")
    assert shown["request"]["workflow_params"] == {"n": 1}
    assert shown["request"]["tags"] == {"study": "phage"}
    assert get(served, "/runs")["runs"] == [{"run_id": run_id, "state": "QUEUED", "tags": {"study": "phage"}}]


@pytest.mark.parametrize("said", ["null", "", "{}"])
def test_what_is_null_or_empty_is_not_given(served: Served, said: str) -> None:
    """So many programs write what they have not."""
    given = dict.fromkeys(("workflow_params", "tags", "workflow_engine_parameters"), said)
    run_id = run(served, {**ASKED, **given})
    assert get(served, f"/runs/{run_id}")["request"].keys() == {
        "workflow_type",
        "workflow_type_version",
        "workflow_url",
    }
    (task,) = data(served.call("GET", f"/job/{run_id}", user="ann"))["tasks"]
    assert task["cmd"]["args_array"][-1] == "main.cwl"


def test_what_opens_the_urls_of_a_request_is_not_shown(served: Served) -> None:
    """The run itself has it."""
    urls = ["https://h/k?X-Amz-Signature=secret&n=1", "http://user:secret@h/k"]
    asked = {"files": [{"class": "File", "location": url} for url in urls]}
    run_id = run(served, {**ASKED, "workflow_params": msgspec.json.encode(asked).decode()})
    shown = get(served, f"/runs/{run_id}")["request"]["workflow_params"]
    hidden = ["https://h/k?X-Amz-Signature=***&n=1", "http://user@h/k"]
    assert [file["location"] for file in shown["files"]] == hidden
    job = data(served.call("GET", f"/job/{run_id}", user="ann"))
    assert "secret" not in str(job)
    order = job["tasks"][0]["inputs"][-1]["node"]
    assert msgspec.json.decode(served.call("GET", f"/node/{order}?download", user="ann").body) == asked


def test_a_run_goes_to_its_end_with_outputs(served: Served) -> None:
    run_id = run(served)
    assert get(served, f"/runs/{run_id}/status") == {"run_id": run_id, "state": "QUEUED"}
    served.register(id="w", resources={"cores": 1, "runs": 1})
    unit = data(served.call("GET", "/work?client=w"))
    assert get(served, f"/runs/{run_id}/status")["state"] == "RUNNING"
    (output,) = unit["outputs"]
    served.call("PUT", f"/node/{output['node']}", {"upload": '{"out": {"class": "File"}}'}, user="ann")
    data(served.call("PUT", f"/work/{unit['wuid']}?client=w&status=done"))
    shown = get(served, f"/runs/{run_id}")
    assert (shown["state"], shown["outputs"]) == ("COMPLETE", {"out": {"class": "File"}})
    assert shown["run_log"]["cmd"][0] == "awe-cwl-runner"
    assert {"start_time", "end_time", "stdout", "stderr"} < shown["run_log"].keys()
    assert shown["task_logs_url"].endswith(f"{BASE}/runs/{run_id}/tasks")


@pytest.mark.parametrize(
    ("report", "state"),
    [({"cause": "exit", "exitstatus": 1}, "EXECUTOR_ERROR"), ({"cause": "output"}, "SYSTEM_ERROR")],
)
def test_a_run_that_failed_says_by_what(served: Served, report: dict[str, Any], state: str) -> None:
    run_id = run(served)
    while get(served, f"/runs/{run_id}/status")["state"] in ("QUEUED", "RUNNING"):
        fail(served, **report)
        served.clock.pump([1] * 60)
        done(served.engine.tick())
    shown = get(served, f"/runs/{run_id}")
    assert shown["state"] == state
    assert shown["run_log"].get("exit_code") == report.get("exitstatus")
    assert shown["run_log"]["system_logs"]


def test_the_steps_are_the_tasks_of_a_run(served: Served) -> None:
    run_id = run(served)
    steps = []
    for name in ("first", "second", "third"):
        task = {**ECHO, "name": name, "resources": {"backend_parameters": {"parent": run_id}}}
        reply = served.call("POST", "/ga4gh/tes/v1/tasks", body=msgspec.json.encode(task), user="ann")
        steps.append(reply.json["id"])
        served.clock.advance(1)
    page = get(served, f"/runs/{run_id}/tasks?page_size=2")
    assert [log["id"] for log in page["task_logs"]] == [steps[2], steps[1]]
    assert page["task_logs"][0]["tes_uri"].endswith(f"/ga4gh/tes/v1/tasks/{steps[2]}")
    (last,) = get(served, f"/runs/{run_id}/tasks?page_size=2&page_token={page['next_page_token']}")["task_logs"]
    assert last == get(served, f"/runs/{run_id}/tasks/{steps[0]}")
    assert (last["name"], last["cmd"]) == ("first", ECHO["executors"][0]["command"])
    assert "has no task" in refused(served.call("GET", f"{BASE}/runs/{run_id}/tasks/{run_id}", user="ann"), 404)


def test_a_cancelled_run_takes_its_steps_with_it(served: Served) -> None:
    run_id = run(served)
    task = {**ECHO, "resources": {"backend_parameters": {"parent": run_id}}}
    step = served.call("POST", "/ga4gh/tes/v1/tasks", body=msgspec.json.encode(task), user="ann").json["id"]
    assert served.call("POST", f"{BASE}/runs/{run_id}/cancel", user="ann").json == {"run_id": run_id}
    assert get(served, f"/runs/{run_id}/status")["state"] == "CANCELED"
    assert served.call("GET", f"/ga4gh/tes/v1/tasks/{step}", user="ann").json["state"] == "CANCELED"


def test_a_job_document_is_run_with_attachments_as_its_inputs(served: Served) -> None:
    document = msgspec.json.encode(DOCUMENT).decode()
    run_id = run(served, {**AWE, "tags": '{"a": "b"}'}, attachments=[("job.awf", document), ("in", "x")])
    job = data(served.call("GET", f"/job/{run_id}", user="ann"))
    assert (job["info"]["name"], job["info"]["userattr"]["mine"]) == ("copy", 1)
    (source,) = job["tasks"][0]["inputs"]
    assert served.call("GET", f"/node/{source['node']}?download", user="ann").body == b"x"
    served.register(id="w")
    unit = data(served.call("GET", "/work?client=w"))
    served.call("PUT", f"/node/{unit['outputs'][0]['node']}", {"upload": "x"}, user="ann")
    data(served.call("PUT", f"/work/{unit['wuid']}?client=w&status=done"))
    shown = get(served, f"/runs/{run_id}")
    assert shown["state"] == "COMPLETE"
    assert shown["outputs"]["0/out"]["location"].endswith("?download")
    (log,) = get(served, f"/runs/{run_id}/tasks")["task_logs"]
    assert (log["id"], log["cmd"]) == ("0", ["cp", "@in", "out"])
    assert get(served, f"/runs/{run_id}/tasks/0") == log


def test_pages_stay_where_they_are_while_runs_come(served: Served) -> None:
    runs = []
    for _ in range(3):
        runs.append(run(served))
        served.clock.advance(1)
    page = get(served, "/runs?page_size=2")
    assert ([one["run_id"] for one in page["runs"]], page["total_runs"]) == ([runs[2], runs[1]], 3)
    run(served)
    rest = get(served, f"/runs?page_size=2&page_token={page['next_page_token']}")
    assert ([one["run_id"] for one in rest["runs"]], rest["next_page_token"]) == ([runs[0]], "")


@pytest.mark.parametrize(
    ("fields", "attachments", "told"),
    [
        ({"workflow_type": "WDL"}, None, "workflow_type must be one of CWL, AWE, found: WDL"),
        ({"workflow_type_version": "v2"}, None, "workflow_type_version must be one of v1.0, v1.1, v1.2, found: v2"),
        ({"workflow_url": ""}, None, "workflow_url is missing"),
        ({"workflow_url": "other.cwl"}, None, "other.cwl is neither the name of an attachment nor"),
        ({"workflow_url": "file:///etc/passwd"}, None, "neither the name of an attachment nor"),
        (
            {"workflow_url": "http://example.org/x.cwl"},
            None,
            "x.cwl: files are not fetched from URLs by this server ([Security] fetch_urls)",
        ),
        ({"workflow_url": "http://ann:secret@example.org/x.cwl"}, None, "takes no user and password"),
        ({"workflow_url": "main.cwl#none"}, None, 'workflow_url: main.cwl has no process "none"'),
        ({"tags": "[]"}, None, "tags must be a JSON object"),
        ({"workflow_params": "{"}, None, "workflow_params must be a JSON object"),
        ({"workflow_engine": "toil"}, None, "workflow_engine must be awed, found: toil"),
        ({"workflow_engine_parameters": '{"cores": "1"}'}, None, "may have group, priority, name"),
        ({"workflow_engine_parameters": '{"priority": "x"}'}, None, "priority must be a number, found: x"),
        ({"workflow_engine_parameters": '{"reuse": "x"}'}, None, "reuse must be true or false, found: x"),
        ({**AWE, "workflow_engine_parameters": '{"reuse": "true"}'}, [("job.awf", "{}")], "are of CWL alone"),
        ({}, [("main.cwl", TOOL), ("../x", "x")], '"../x" leaves its directory'),
        ({}, [("main.cwl", TOOL), ("/etc/x", "x")], '"/etc/x" is absolute'),
        ({}, [("main.cwl", TOOL), ("./main.cwl", "x")], "main.cwl is there twice"),
        (
            {"workflow_params": '{"n": 1}'},
            [("main.cwl", TOOL), ("job.json", "x")],
            "is the name of the file with",
        ),
        ({}, [("main.cwl", TOOL), ("cwl.output.json", "x")], "is the name of the file with the outputs"),
        (
            {"workflow_url": "http://example.org/x.cwl"},
            [("workflow.cwl", TOOL)],
            "is the name of the file with the workflow of a URL",
        ),
        ({}, [("main.cwl", TOOL.replace("v1.2", "v9"))], "workflow_url: main.cwl: cwlVersion"),
        (AWE, [("job.awf", "[]")], "the job document is not a JSON object"),
        (AWE, [("job.awf", "{}"), ("in", "x")], "in is no input without a location of job.awf"),
        ({**AWE, "workflow_params": '{"n": 1}'}, [("job.awf", "{}")], "job documents have no parameters"),
    ],
)
def test_what_cannot_be_run_is_refused_in_the_form_of_the_service(
    served: Served, fields: dict[str, str], attachments: list[tuple[str, str]] | None, told: str
) -> None:
    assert told in refused(post(served, {**ASKED, **fields}, attachments or [("main.cwl", TOOL)]))
    assert data(served.call("GET", "/node", user="root")) == data(served.call("GET", "/job", user="root")) == []


def test_runs_are_shown_to_who_may_read_them(served: Served) -> None:
    run_id = run(served)
    job = served.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}, user="ann")["id"]
    assert get(served, "/runs", user="bob")["runs"] == []
    for path, user in ((run_id, "bob"), (f"{run_id}/status", "bob"), (f"{run_id}/tasks", "bob"), (job, "ann")):
        assert "not found" in refused(served.call("GET", f"{BASE}/runs/{path}", user=user), 404)
    assert "not found" in refused(served.call("POST", f"{BASE}/runs/{run_id}/cancel", user="bob"), 404)


def test_the_form_may_be_files_alone(served: Served) -> None:
    """Fields of more than 64 KiB must be."""
    body = form([*ASKED.items(), ("workflow_params", msgspec.json.encode({"x": 70_000 * "x"}))])
    assert "attached are: none" in refused(send(served, body))


def ended(served: Served, output: str) -> str:
    """A run that has ended with this file of outputs."""
    run_id = run(served)
    served.register(id="w", resources={"cores": 1, "runs": 1})
    unit = data(served.call("GET", "/work?client=w"))
    served.call("PUT", f"/node/{unit['outputs'][0]['node']}", {"upload": output}, user="ann")
    data(served.call("PUT", f"/work/{unit['wuid']}?client=w&status=done"))
    return run_id


DEEP = 700 * '{"a":' + "1" + 700 * "}"


@pytest.mark.parametrize("output", ["", "[]", "{", 100_000 * '{"a":', '{"a":' + 1_000_000 * "[" + "}", "{} x"])
def test_a_run_whose_outputs_cannot_be_read_is_shown_without(served: Served, output: str) -> None:
    shown = get(served, f"/runs/{ended(served, output)}")
    assert (shown["state"], shown["outputs"]) == ("COMPLETE", {})


def test_outputs_are_shown_however_deep_they_are(served: Served) -> None:
    shown = get(served, f"/runs/{ended(served, DEEP)}")
    assert msgspec.json.encode(shown["outputs"]) == DEEP.encode()


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"workflow_params": DEEP}, 413, "nested more than 100 levels"),
        ({"workflow_params": 100_000 * '{"a":'}, 400, "workflow_params must be a JSON object"),
        ({"tags": f'{{"a": "{70_000 * "x"}"}}'}, 413, "tags has 70"),
    ],
)
def test_requests_of_any_shape_are_answered(served: Served, fields: dict[str, str], status: int, told: str) -> None:
    assert told in refused(send(served, form({**ASKED, **fields}.items())), status)


def test_a_job_document_may_have_no_more_values_than_one_that_is_submitted(tmp_path: Path) -> None:
    served = Served(tmp_path, limits=DocumentLimits(9, 9, values=20))
    document = msgspec.json.encode({**DOCUMENT, "x": 20 * [1]}).decode()
    assert "20 values" in refused(post(served, AWE, [("job.awf", document)]), 413)


@pytest.mark.parametrize("token", ["9" * 5000, "-1", "x"])
def test_a_page_is_asked_for_by_the_token_that_was_told(served: Served, token: str) -> None:
    document = msgspec.json.encode(DOCUMENT).decode()
    run_id = run(served, AWE, attachments=[("job.awf", document), ("in", "x")])
    found = refused(served.call("GET", f"{BASE}/runs/{run_id}/tasks?page_token={token}", user="ann"))
    assert "page_token must be the next_page_token" in found


def test_long_inputs_are_in_the_files_of_the_run_alone(served: Served) -> None:
    """So that lists of jobs need not read them."""
    params = msgspec.json.encode({"x": 70_000 * "x"})
    body = form([*ASKED.items(), ("workflow_params", params), ("workflow_attachment", TOOL)]).replace(
        b'name="workflow_attachment"; filename="workflow_attachment"',
        b'name="workflow_attachment"; filename="main.cwl"',
    )
    run_id = str(send(served, body).json["run_id"])
    assert "workflow_params" not in get(served, f"/runs/{run_id}")["request"]
    (task,) = data(served.call("GET", f"/job/{run_id}", user="ann"))["tasks"]
    assert served.call("GET", f"/node/{task['inputs'][1]['node']}?download", user="ann").body == params


def test_a_workflow_whose_name_looks_like_an_option_is_none(served: Served) -> None:
    run_id = run(served, {**ASKED, "workflow_url": "--x.cwl"}, attachments=[("--x.cwl", TOOL)])
    (task,) = data(served.call("GET", f"/job/{run_id}", user="ann"))["tasks"]
    assert task["cmd"]["args_array"] == ["--nodes", "./--x.cwl"]
