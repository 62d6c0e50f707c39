"""The log goes where twistd would write it, unless twistd is told otherwise."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactor
from twisted.logger import FileLogObserver

from awed.daemon.log import open_log
from awed.daemon.options import Options

TWISTD: dict[str, Any] = {"logger": None, "syslog": False, "logfile": None, "nodaemon": True}


@pytest.fixture(autouse=True)
def _no_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def place(**options: Any) -> Any:
    """The file that the log goes to: stdout, or its path."""
    found = open_log("json", {**TWISTD, **options}, MemoryReactor())  # type: ignore[arg-type]
    assert isinstance(found, FileLogObserver)
    file: Any = found._outFile
    return file if file is sys.stdout else Path(file.path)


def test_in_the_foreground_it_is_stdout(tmp_path: Path) -> None:
    assert place() is place(logfile="-") is sys.stdout
    assert place(logfile=str(tmp_path / "log")) == tmp_path / "log"


def test_in_the_background_it_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(nodaemon=False) == tmp_path / "twistd.log"
    with pytest.raises(SystemExit):
        place(nodaemon=False, logfile="-")


@pytest.mark.parametrize("told", [{"logger": "a.factory"}, {"syslog": True}])
def test_what_twistd_is_told_counts(told: dict[str, object]) -> None:
    assert open_log("json", {**TWISTD, **told}, MemoryReactor()) is None  # type: ignore[arg-type]


def test_the_format_is_that_of_the_command_line_or_else_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "awed.conf"
    file.write_text("[Args]\nlog_format=json\n")
    for words, found in ((["--config", str(file)], "json"), (["--config", str(file), "--log-format=text"], "text")):
        options = Options()
        options.parseOptions([*words, "--data=/d"])
        assert options.reading.config.args.log_format == found
    with pytest.raises(SystemExit, match="--log-format: expected text or json, found xml"):
        Options().parseOptions(["--data=/d", "--log-format=xml"])
