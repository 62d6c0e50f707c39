"""The command line of ``twistd awe``."""

from pathlib import Path

import pytest

import awed
from awed.config import Config
from awed.daemon.options import Options


def parse(*words: str) -> Config:
    options = Options()
    options.parseOptions(words)
    return options.reading.config


def refusal(*words: str) -> str:
    with pytest.raises(SystemExit) as raised:
        parse(*words)
    return str(raised.value.code)


def test_data_is_enough(tmp_path: Path) -> None:
    config = parse("--data", str(tmp_path))
    assert config.directories.data == str(tmp_path)
    assert config.directories.logs == f"{tmp_path}/logs"
    assert config.server.store == f"sqlite:{tmp_path}/awed.sqlite"
    assert config.ports.listen == ()


def test_data_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse("--data", "d").directories.data == f"{tmp_path}/d"


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "awed.conf"
    file.write_text(
        "[Directories]\ndata=/file/data\nlogs=/file/logs\n[Ports]\nlisten=tcp:1\n[Server]\nstore=sqlite:/file.sqlite\n"
    )
    config = parse("--config", str(file))
    assert config.directories.data == "/file/data"
    assert config.ports.listen == ("tcp:1",)
    config = parse("--config", str(file), "--data=/d", "--listen=tcp:2", "--listen=tcp:3", "--store=sqlite:/s")
    assert (config.directories.data, config.directories.logs) == ("/d", "/file/logs")
    assert config.ports.listen == ("tcp:2", "tcp:3")
    assert config.server.store == "sqlite:/s"


def test_no_data_directory_is_refused() -> None:
    assert refusal() == (
        "twistd awe: no data directory: give --data DIR, or [Directories] data in the configuration file"
    )


@pytest.mark.parametrize("words", [["--colour"], ["--data"], ["--data=/d", "extra"]])
def test_a_wrong_command_line_is_refused_in_one_line(words: list[str]) -> None:
    message = refusal(*words)
    assert message.startswith("twistd awe: ")
    assert "\n" not in message


def test_all_faults_of_the_file_are_told(tmp_path: Path) -> None:
    file = tmp_path / "awed.conf"
    file.write_text("[Ports]\napi-port=x\n[Server]\nexpire_wait=x\n")
    assert refusal("--data=/d", "--config", str(file)).splitlines() == [
        f"twistd awe: {file}: [Ports] api-port = x: expected a whole number 0..65535",
        f"{file}: [Server] expire_wait = x: expected a whole number of at least 1",
    ]


def test_the_version_is_awed_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--version")
    assert capsys.readouterr().out == f"awed {awed.__version__}\n"
