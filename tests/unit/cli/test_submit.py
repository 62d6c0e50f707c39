"""Submitting, with files and to the end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from awed.model.remarks import Checked, Remark
from awed.model.states import JobState, TaskState
from awed.tx.pauses import Pauses
from awed.wire.inputs import open_inputs
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, envelope, job, task

QUEUED = job(task("a"))
DOCUMENT = {
    "tasks": [
        {
            "taskid": "a",
            "inputs": [{"filename": "genome.fa"}, {"filename": "genome.fa", "origin": "z"}],
            "predata": {"genome.fa": {}, "database": {"url": "http://x/y"}},
        }
    ]
}


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(DOCUMENT))
    return str(path)


def sent(server: FakeServer, place: int = -1) -> Any:
    """The document that a request carried."""
    body = server.requests[place].body
    return json.loads(body[body.index(b"\r\n\r\n") : body.rindex(b"\r\n--")])


def test_the_id_is_all_that_is_printed(server: FakeServer, awe: Awe, document: str, capsys: Any) -> None:
    server.on("POST /job", QUEUED)
    assert awe("submit", document) == 0
    assert capsys.readouterr().out == f"{JOB_ID}\n"
    assert b'name="upload"; filename="job.json"' in server.requests[0].body
    assert sent(server) == DOCUMENT


def test_every_fault_of_a_document_is_shown(server: FakeServer, awe: Awe, document: str, capsys: Any) -> None:
    server.refuse("POST /job", 400, "tasks[0]: no cmd", "tasks[1]: no cmd")
    assert awe("submit", document) == 3
    hint = "awe: files on this machine are uploaded by --input genome.fa=FILE\n"
    assert capsys.readouterr().err == f"awe: tasks[0]: no cmd\nawe: tasks[1]: no cmd\n{hint}"


def test_warnings_go_to_stderr(server: FakeServer, awe: Awe, document: str, capsys: Any) -> None:
    answer = json.loads(envelope(QUEUED)) | {"warnings": [{"place": "tasks[0].arg", "text": "unknown\x1b key"}]}
    server.raw("POST /job", (200, json.dumps(answer).encode()))
    assert awe("submit", document) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{JOB_ID}\n"
    assert printed.err == "awe: warning: tasks[0].arg: unknown  key\n"


def test_a_server_that_is_away_for_a_moment_is_asked_again_with_the_same_key(
    server: FakeServer, awe: Awe, document: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awed.client.submission.PAUSES", Pauses(0.0, 0.0, most=2))
    away = (503, b'{"status": 503, "data": null, "error": ["no database"]}')
    server.raw("POST /job", away, away, (200, envelope(QUEUED)))
    assert awe("submit", document) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{JOB_ID}\n"
    assert printed.err.count("no database; next try in 0 s") == 2
    keys = {request.key for request in server.requests}
    assert len(server.requests) == 3
    assert len(keys - {None}) == len(keys) == 1
    server.raw("POST /job", away)
    assert awe("submit", document) == 3
    assert server.requests[-1].key not in keys


@pytest.mark.parametrize("ok", [True, False])
def test_a_check_submits_nothing_and_ends_with_its_finding(
    server: FakeServer, awe: Awe, document: str, capsys: Any, ok: bool
) -> None:
    """``--dry-run`` uploads nothing either."""
    status = 0 if ok else 1
    errors = [] if ok else [Remark("tasks[0].cmd.name", "missing")]
    server.on(
        "POST /job?check", Checked(ok, errors, [Remark("infoo", "unknown")], 1, 4, [Remark("tasks[0].cmd", "no")])
    )
    assert awe("check", document) == status
    assert awe("submit", document, "--dry-run", "--input", f"genome.fa={document}") == status
    assert server.paths() == ["POST /job?check"] * 2
    assert sent(server)["tasks"][0]["inputs"][0]["url"] == f"{server.url}/job.json"
    lines = capsys.readouterr().out.splitlines()
    assert "warning: infoo: unknown" in lines
    assert "unmet: tasks[0].cmd: no" in lines
    assert ("error: tasks[0].cmd.name: missing" in lines) is not ok


@pytest.mark.parametrize("command", ["check", "submit"])
def test_of_a_document_of_cwl_it_is_said_what_runs_it(
    server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any, command: str
) -> None:
    (tmp_path / "tool.cwl").write_text("cwlVersion: v1.2\nclass: CommandLineTool\n")
    for call in ("POST /job", "POST /job?check"):
        server.refuse(call, 400, "malformed JSON: invalid character (line 1, column 1)")
    assert awe(command, str(tmp_path / "tool.cwl")) == 3
    assert capsys.readouterr().err.splitlines() == [
        "awe: malformed JSON: invalid character (line 1, column 1)",
        "awe: documents of CWL are run by awe cwl",
    ]


@pytest.mark.parametrize(("end", "status"), [(JobState.COMPLETED, 0), (JobState.SUSPEND, 1), (JobState.DELETED, 1)])
def test_the_exit_status_tells_how_the_job_ended(
    server: FakeServer, awe: Awe, document: str, end: JobState, status: int
) -> None:
    server.on("POST /job", job(task("a"), state=end, notes="manually suspended"))
    server.on("GET /client", [])
    server.raw("GET /", (200, b"{}"))
    assert awe("submit", document, "--wait") == status


def test_one_may_come_back_to_wait(server: FakeServer, awe: Awe) -> None:
    server.on(f"GET /job/{JOB_ID}", job(task("a"), state=JobState.COMPLETED))
    assert awe("wait", JOB_ID) == 0


def test_a_failure_is_explained_at_once(server: FakeServer, awe: Awe, document: str, capsys: Any) -> None:
    server.on("POST /job", job(task("a"), state=JobState.SUSPEND, notes="manually suspended"))
    server.on("GET /client", [])
    server.raw("GET /", (200, b"{}"))
    awe("submit", document, "--wait")
    assert "Nothing failed: manually suspended." in capsys.readouterr().err


def test_an_interrupt_leaves_the_job_running_and_says_so(server: FakeServer, document: str) -> None:
    server.on("POST /job", QUEUED)
    server.on(f"GET /job/{JOB_ID}", job(task("a", TaskState.IN_PROGRESS)))
    command = [sys.executable, "-m", "awed.cli", "--server", server.url, "submit", document, "--wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as awe:
        assert awe.stderr is not None
        assert awe.stderr.readline() == "a: in-progress\n"
        awe.send_signal(signal.SIGINT)
        _, errors = awe.communicate()
    assert awe.returncode == 130
    assert errors.splitlines()[-1] == "The job goes on; `awe wait 128068d0` follows it again."
    assert "DELETE" not in {request.method for request in server.requests}


def test_a_file_fills_every_input_of_its_name(server: FakeServer, awe: Awe, document: str, tmp_path: Path) -> None:
    (tmp_path / "genome.fa").write_text(">x\nACGT\n")
    server.on("POST /node", {"id": "node-1"})
    server.on("POST /job", QUEUED)
    assert awe("submit", document, "--input", str(tmp_path / "genome.fa")) == 0
    assert b">x\nACGT\n" in server.requests[0].body
    source = {"host": server.url, "node": "node-1"}
    (filled,) = sent(server)["tasks"]
    assert filled["inputs"] == [{"filename": "genome.fa", **source}, {"filename": "genome.fa", "origin": "z"}]
    assert filled["predata"] == {"genome.fa": source, "database": {"url": "http://x/y"}}


def test_a_file_for_an_input_of_another_name(server: FakeServer, awe: Awe, document: str, tmp_path: Path) -> None:
    (tmp_path / "lambda.fa").write_text("ACGT")
    server.on("POST /node", {"id": "node-1"})
    server.on("POST /job", QUEUED)
    assert awe("submit", document, "--input", f"genome.fa={tmp_path / 'lambda.fa'}") == 0


def test_a_path_may_have_an_equals_sign(server: FakeServer, awe: Awe, document: str, tmp_path: Path) -> None:
    folder = tmp_path / "k=31"
    folder.mkdir()
    for name in ("genome.fa", "a=b.fa"):
        (folder / name).write_text("ACGT")
    for text in (f"{folder}/genome.fa", f"genome.fa={folder}/genome.fa", f"genome.fa={folder}/a=b.fa"):
        server.on("POST /node", {"id": "node-1"})
        server.on("POST /job", QUEUED)
        assert awe("submit", document, "--input", text) == 0


def test_a_file_name_may_be_no_utf8(server: FakeServer, awe: Awe, document: str, tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/gr\xfcn.fa"))
    file.write_text("ACGT")
    for arguments in (["put", str(file)], ["submit", document, "--input", f"genome.fa={file}"]):
        server.on("POST /node", {"id": "node-1"})
        server.on("POST /job", QUEUED)
        assert awe(*arguments) == 0
        (sent_file,) = [request for request in server.requests if request.path == "/node"]
        assert 'filename="gr\N{REPLACEMENT CHARACTER}n.fa"'.encode() in sent_file.body
        server.requests.clear()


def test_a_file_for_no_input_is_a_mistake_before_anything_is_sent(
    server: FakeServer, awe: Awe, document: str, capsys: Any
) -> None:
    assert awe("submit", document, "--input", f"genom.fa={document}") == 2
    assert "no input genom.fa lacks a source; those that do: genome.fa" in capsys.readouterr().err
    assert server.requests == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["submit", "/nowhere/job.json"], "No such file"),
        (["submit", "-", "--input", "x=/nowhere"], "there is no file /nowhere"),
    ],
)
def test_files_that_are_not_there(awe: Awe, capsys: Any, arguments: list[str], text: str) -> None:
    assert awe(*arguments) == 2
    assert text in capsys.readouterr().err


def test_a_document_that_is_not_json(server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any) -> None:
    broken = tmp_path / "job.json"
    broken.write_text('{"tasks": [')
    assert awe("submit", str(broken), "--input", str(broken)) == 2
    assert "not JSON" in capsys.readouterr().err


@pytest.mark.parametrize(
    "strange", [None, [], {"tasks": {}}, {"tasks": [7, {"inputs": 7}, {"inputs": [7]}, {"inputs": {"a": 7}}]}]
)
def test_strange_documents_are_left_to_the_server(strange: Any) -> None:
    assert list(open_inputs(strange)) == []


def test_an_import_goes_as_it_is(server: FakeServer, awe: Awe, document: str, capsys: Any) -> None:
    server.on("POST /job", QUEUED)
    assert awe("import", document) == 0
    assert b'name="import"' in server.requests[0].body
    assert capsys.readouterr().out == f"{JOB_ID}\n"
