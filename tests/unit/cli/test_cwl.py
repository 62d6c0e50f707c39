"""Mistakes in the command line of ``awe cwl``."""

import json
from pathlib import Path
from typing import Any

import pytest

from awed.cli.program import run
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, envelope, job, task

TOOL = "{cwlVersion: v1.2, class: CommandLineTool, baseCommand: cat, inputs: {text: File}, outputs: {}}"


@pytest.fixture
def tool(tmp_path: Path) -> str:
    (tmp_path / "tool.cwl").write_text(TOOL)
    return str(tmp_path / "tool.cwl")


def test_an_option_that_there_is_not_is_no_tool(awe: Awe, capsys: Any) -> None:
    assert awe("cwl", "--grup", "small", "tool.cwl") == 2
    assert "No such option '--grup'. (Did you mean one of: '--group'" in capsys.readouterr().err


def test_where_no_outputs_can_be_nothing_is_run(server: FakeServer, awe: Awe, tool: str, capsys: Any) -> None:
    assert awe("cwl", "--wait", "--outdir", f"{tool}/out", tool, "--text", tool) == 3
    assert capsys.readouterr().err == f"awe: {tool}/out: Not a directory\n"
    assert server.requests == []


def test_a_server_that_does_not_answer_is_not_waited_for(tool: str, capsys: Any) -> None:
    assert run(["--server", "http://127.0.0.1:1", "cwl", tool, "--text", tool]) == 3
    assert "no answer from http://127.0.0.1:1" in capsys.readouterr().err


def test_of_a_run_that_no_worker_takes_it_is_said_why(
    server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "echo.cwl").write_text(TOOL.replace("text: File", "text: string"))
    why = '1 worker: 1 lacks the command "awe-cwl-runner"'
    made = json.loads(envelope(job(task("run")))) | {"warnings": [{"place": "tasks[0].resources.runs", "text": why}]}
    server.raw("GET /events", (200, b'{"status":200,"data":[],"error":null,"last":2}'))
    server.raw("POST /job", (200, json.dumps(made).encode()))
    assert awe("cwl", str(tmp_path / "echo.cwl"), "--text", "x") == 0
    printed = capsys.readouterr()
    assert printed.out == f"{JOB_ID}\n"
    assert f"the run waits: {why}" in printed.err
