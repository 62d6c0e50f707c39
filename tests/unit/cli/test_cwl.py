"""Mistakes in the command line of ``awe cwl``."""

from pathlib import Path
from typing import Any

import pytest

from awed.cli.program import run
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import FakeServer

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
