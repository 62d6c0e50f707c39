"""The program's own options, and its exit status for each kind of end."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from awed.cli.program import awe as program
from awed.cli.program import run
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import FakeServer


def test_a_server_that_is_not_there_is_one_clear_line(capsys: Any) -> None:
    assert run(["--server", "http://127.0.0.1:1", "jobs"]) == 3
    assert capsys.readouterr().err == "awe: no answer from http://127.0.0.1:1: Connection refused\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["job"], ["jobs", "--limit", "-1"]])
def test_a_wrong_command_line(arguments: list[str]) -> None:
    assert run(arguments) == 2


@pytest.mark.parametrize(
    "url", ["", "localhost:8001", "ftp://h", "http://", "http://h:abc", "http://h:99999", "http://h:0", "http://[::1"]
)
def test_an_address_that_is_none(url: str, capsys: Any) -> None:
    assert run(["--server", url, "jobs"]) == 2
    assert "expected http://HOST:PORT" in capsys.readouterr().err


def test_a_token_that_no_header_can_carry_is_not_told(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("AWE_TOKEN", "two\nlines")
    assert run(["jobs"]) == 3
    told = capsys.readouterr().err
    assert told == "awe: AWE_TOKEN: expected one token, in one line of visible ASCII characters\n"


def test_help_is_no_mistake(capsys: Any) -> None:
    assert run(["--help"]) == 0
    assert "submit" in capsys.readouterr().out


def test_an_option_goes_before_the_environment(server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on("GET /client", [])
    server.on("GET /queue?json", {})
    monkeypatch.setenv("AWE_SERVER", "http://127.0.0.1:1")
    assert awe("--server", server.url, "workers") == 0


def test_the_token_of_a_file_goes_before_that_of_the_environment(
    server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("from-file\n")
    monkeypatch.setenv("AWE_TOKEN", "from-environment")
    server.on("GET /client", [])
    server.on("GET /queue?json", {})
    assert awe("workers") == 0
    assert awe("--token-file", str(tmp_path / "token"), "workers") == 0
    told = [request.authorization for request in server.requests if request.path == "/client"]
    assert told == ["Bearer from-environment", "Bearer from-file"]


@pytest.mark.parametrize("name", ["none.pem", "empty.pem"])
def test_a_file_without_certificates_is_a_mistake(name: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "empty.pem").touch()
    assert run(["--ca", str(tmp_path / name), "jobs"]) == 2
    assert name in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_failure(server: FakeServer) -> None:
    """``awe jobs --json | head`` ends with 0, without a word on stderr."""
    server.on("GET /job?top=true&order=info.submittime&limit=0", ["x" * 1000] * 1000)
    command = [sys.executable, "-m", "awed.cli", "--server", server.url, "jobs", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait() == 0


def test_its_options_may_stand_behind_the_command(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on("GET /job?top=true&order=info.submittime&limit=25", [])
    monkeypatch.delenv("AWE_SERVER")
    assert run(["jobs", "--server", server.url]) == 0
    assert run(["jobs", f"--server={server.url}"]) == 0


@pytest.mark.parametrize(("typed", "hint"), [("jbos", "did you mean jobs?"), ("xyzzy", "see awe --help")])
def test_an_unknown_command_names_the_nearest(typed: str, hint: str, capsys: Any) -> None:
    assert run([typed]) == 2
    assert f"there is no command {typed}: {hint}" in capsys.readouterr().err


def test_help_lists_all_commands_in_sections_with_their_whole_summaries(capsys: Any) -> None:
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    assert set(program.commands) - {"explain"} <= set(program.list_commands(click.Context(program)))
    assert "Change jobs:\n" in told
    assert "..." not in told.partition("Submit:")[2]


def test_what_takes_long_is_imported_when_it_is_called() -> None:
    """Help and completion load neither a store nor a reactor, and say of each command what that says of itself."""
    code = """
import sys
import click
from awed.cli.program import awe
awe.main(["--help"], standalone_mode=False)
awe.shell_complete(click.Context(awe), "")
assert not [name for name in sys.modules if name.startswith(("awed.admin", "awed.store", "twisted.internet.reactor"))]
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    context = click.Context(program)
    for name in program.list_commands(context):
        listed, (_, called, _) = program.get_command(context, name), program.resolve_command(context, [name])
        assert listed is not None
        assert called is not None
        assert listed.get_short_help_str(1000) == called.get_short_help_str(1000)
