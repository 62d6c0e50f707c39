"""The command line: mistakes are reported before anything begins."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from awed.worker.command import main
from awed.worker.program import keep_files_from_commands


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "Missing option '--server'"),
        (["--server", "http://h"], "Missing option '--workdir'"),
        (["--server", "localhost:8001", "--workdir", "w"], "expected http://HOST:PORT or https://HOST, found"),
        (["--server", "http://", "--workdir", "w"], "expected http://HOST:PORT or https://HOST, found 'http://'"),
        (["--server", "http://h", "--workdir", "w", "--slots", "0"], "0 is not in the range 1<=x<=1000"),
        (["--server", "http://h", "--workdir", "w", "--apps", " , "], "expected names of commands with commas"),
        (["--server", "http://h", "--workdir", "w", "--keep-failed", "-1"], "-1.0 is not in the range x>=0"),
        (["--server", "http://h", "--workdir", "w", "--token-file", "none"], "'none': No such file or directory"),
        (
            ["--server", "http://h", "--workdir", "w", "--token-file", "tokens"],
            "--token-file: expected one token, in",
        ),
        (["--server", "http://h", "--workdir", "w", "--ca", "none"], "File 'none' does not exist"),
        (["--server", "http://h", "--workdir", "w", "--ca", "file"], "expected a file with certificates: no cert"),
        (["--server", "http://h", "--workdir", "file"], "Directory 'file' is a file"),
        (
            ["--server", "http://h", "--workdir", "w", "--walltime", "UNLIMITED"],
            "expected seconds, or [[DAYS-]HOURS:]",
        ),
        (["--server", "http://h", "--workdir", "w", "--walltime", "1:00"], "expected more than the 60 seconds in"),
        (["--server", "http://h", "--workdir", "w", "--idle-timeout", "0"], "0.0 is not in the range x>=1"),
        (["--server", "http://h", "--workdir", "w", "--log-format", "xml"], "'xml' is not one of 'text', 'json'"),
        (["--server", "http://h", "--workdir", "w", "extra"], "unexpected extra argument"),
    ],
)
def test_a_mistake_is_told_and_nothing_begins(
    options: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "tokens").write_text("secret\nsecret")
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 2
    assert text in result.output
    assert "secret" not in result.output
    assert not (tmp_path / "w").exists()


def test_commands_do_not_inherit_what_the_worker_inherited() -> None:
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    keep_files_from_commands()
    assert not os.get_inheritable(reading)
    assert os.get_inheritable(2)
    os.close(reading)
    os.close(writing)
