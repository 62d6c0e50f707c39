"""The output of a command is reported, and never mixed with that of another."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from awed.worker.logs import LIMIT, STDERR_NAME, STDOUT_NAME, Log, LogFiles, Logs


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def files(directory: Path) -> Iterator[LogFiles]:
    files = LogFiles(directory, lambda path: path.unlink(missing_ok=True))
    yield files
    files.close()


def say(log: Log, text: bytes) -> None:
    """What a command does."""
    file = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    os.write(file, text)
    os.close(file)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_the_next_command_has_the_same_files_and_they_are_empty(files: LogFiles, directory: Path) -> None:
    first = Logs(files)
    say(first.stdout, b"out")
    say(first.stderr, b"err")
    assert first.read()[:2] == (b"out", b"err")
    first.close()
    second = Logs(files)
    assert second.read()[:2] == (b"", b"")
    assert {second.stdout.path, second.stderr.path} == {first.stdout.path, first.stderr.path}
    second.close()


def test_of_a_long_log_begin_and_end_are_kept_and_that_is_said_and_the_file_goes(
    files: LogFiles, directory: Path
) -> None:
    logs = Logs(files)
    say(logs.stdout, b"01234" + b"x" * (LIMIT - 5))
    assert logs.stdout.read(LIMIT) == (b"01234" + b"x" * (LIMIT - 5), None)
    say(logs.stdout, b"6789")
    found, cut = logs.stdout.read(LIMIT)
    assert cut is not None
    assert (len(found), cut.size, cut.head) == (LIMIT, LIMIT + 4, LIMIT // 4)
    assert found.startswith(b"01234xxx")
    left_out = cut.size - (LIMIT - cut.line)
    assert found[cut.head :].startswith(b"\n[%d of %d bytes are left out here]  " % (left_out, cut.size))
    assert found.endswith(b"xxx6789")
    logs.close()
    assert names(directory) == [logs.stderr.path.name]


def test_a_file_that_somebody_still_has_open_is_not_used_again(files: LogFiles) -> None:
    """It has run away from its command: what it says now is nobody's."""
    logs = Logs(files)
    runaway = os.open(logs.stdout.path, os.O_WRONLY | os.O_APPEND)
    logs.close()
    again = Logs(files)
    os.write(runaway, b"secret")
    assert again.read()[:2] == (b"", b"")
    os.close(runaway)
    again.close()


def test_published_they_are_the_command_s_for_ever(files: LogFiles, tmp_path: Path) -> None:
    logs = Logs(files)
    say(logs.stdout, b"out")
    (tmp_path / STDOUT_NAME).write_text("an input of that name")
    logs.publish(tmp_path)
    assert (tmp_path / STDOUT_NAME).read_bytes() == b"out"
    logs.close()
    again = Logs(files)
    say(again.stdout, b"other")
    assert (tmp_path / STDOUT_NAME).read_bytes() == b"out"
    assert (tmp_path / STDERR_NAME).read_bytes() == b""
    again.close()


def test_into_a_directory_that_is_gone_they_are_not_published(files: LogFiles, tmp_path: Path) -> None:
    logs = Logs(files)
    say(logs.stdout, b"out")
    logs.publish(tmp_path / "gone")
    assert logs.read()[:2] == (b"out", b"")
    logs.close()
