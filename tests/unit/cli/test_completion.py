"""What shells complete."""

import os
import subprocess
import sys

import pytest

from tests.unit.cli.fake import JOB_ID, FakeServer, job, task

NEWEST = "GET /job?top&order=info.submittime&limit=50&verbosity=minimal"


def completed(server: FakeServer, *words: str) -> list[str]:
    """The values that bash is offered for the last of *words*."""
    environ = {**os.environ, "_AWE_COMPLETE": "bash_complete", "AWE_SERVER": server.url}
    environ |= {"COMP_WORDS": " ".join(["awe", *words]), "COMP_CWORD": str(len(words))}
    program = [sys.executable, "-c", "from awed.cli.program import awe; awe(prog_name='awe')"]
    said = subprocess.run(program, check=False, capture_output=True, text=True, env=environ)
    assert said.stderr == ""
    return [line.partition(",")[2] for line in said.stdout.split()]


def test_commands_ids_names_and_tasks(server: FakeServer) -> None:
    server.on(NEWEST, [{"id": JOB_ID, "name": "lambda"}, {"id": "3-3", "name": "with blanks"}])
    server.on(f"GET /job/{JOB_ID}", job(task("orfs"), task("gc")))
    assert completed(server, "resu") == ["resume", "resubmit"]
    assert completed(server, "suspend", "") == ["last", "128068d0", "3-3", "lambda"]
    assert completed(server, "job", "la") == ["last", "lambda"]
    assert completed(server, "logs", JOB_ID, "o") == ["orfs"]


def test_a_server_that_is_away_is_no_noise(server: FakeServer) -> None:
    server.refuse(NEWEST, 503, "no database")
    assert completed(server, "job", "1") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_a_shell_needs(shell: str) -> None:
    said = subprocess.run([sys.executable, "-m", "awed.cli", "completion", shell], check=True, capture_output=True)
    assert b"_AWE_COMPLETE" in said.stdout
