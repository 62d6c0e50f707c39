"""The data directory belongs to one daemon, and its secret to one user."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from awed.daemon.datadir import DataDir, StartError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "data"


def at(path: Path) -> DataDir:
    return DataDir(path, path / "logs")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_first_start_makes_a_private_directory(path: Path) -> None:
    with at(path).held(NOW):
        assert mode(path) == 0o700
        assert {entry.name for entry in path.iterdir()} == {"lock", "logs", "nodes", "tmp"}


def test_logs_may_be_elsewhere(path: Path, tmp_path: Path) -> None:
    with DataDir(path, tmp_path / "var" / "log").held(NOW):
        assert mode(tmp_path / "var" / "log") == 0o700
        assert not (path / "logs").exists()


def test_a_second_daemon_is_refused_and_told_who_holds_it(path: Path) -> None:
    expected = f"data directory {path} is in use by process {os.getpid()} on .+ since 2026-03-01T12:00:00Z"
    with at(path).held(NOW), pytest.raises(StartError, match=expected), at(path).held(NOW):
        pass


def test_the_directory_is_free_again_after_use(path: Path) -> None:
    for _ in range(2):
        with at(path).held(NOW):
            pass


def test_a_directory_that_cannot_be_made_is_a_start_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StartError, match=r"data directory .*file/data"),
        at(tmp_path / "file" / "data").held(NOW),
    ):
        pass


def test_the_token_is_made_once_and_is_private(path: Path) -> None:
    data = at(path)
    with data.held(NOW):
        assert data.admin_token(lambda: "first") == "first"
        assert data.admin_token(lambda: "second") == "first"
    assert mode(path / "admin-token") == 0o600
    assert not [entry for entry in path.iterdir() if entry.name.startswith(".")]


def test_a_token_that_others_can_read_is_refused(path: Path) -> None:
    data = at(path)
    with data.held(NOW):
        data.admin_token(lambda: "secret")
        (path / "admin-token").chmod(0o644)
        with pytest.raises(StartError, match=r"admin-token can be read by others \(mode 644\)") as raised:
            data.admin_token(lambda: "new")
    assert "secret" not in str(raised.value)


def test_an_empty_token_is_refused(path: Path) -> None:
    """An empty secret would be everybody's."""
    data = at(path)
    with data.held(NOW):
        data.admin_token(lambda: "secret")
        (path / "admin-token").write_text("\n")
        with pytest.raises(StartError, match="admin-token is empty"):
            data.admin_token(lambda: "new")


def test_listening_is_there_as_long_as_the_daemon(path: Path) -> None:
    data = at(path)
    with data.held(NOW):
        data.announce(["http://127.0.0.1:8001", "unix:/run/awed.sock"])
        assert (path / "listening").read_text() == "http://127.0.0.1:8001\nunix:/run/awed.sock\n"
    assert not (path / "listening").exists()


def test_listening_of_a_killed_daemon_is_gone_at_the_next_start(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "listening").write_text("http://127.0.0.1:1\n")
    with at(path).held(NOW):
        assert not (path / "listening").exists()


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("sqlite:{data}/awed.sqlite", "sqlite:{data}/awed.sqlite", "sqlite:/elsewhere/awed.sqlite"),
        ("mongodb://a:secret@h/db?tls=true", "mongodb://b:s@h/db", "mongodb://h/other"),
        ("sqlite:/elsewhere/awed.sqlite", "sqlite:/elsewhere/awed.sqlite", "sqlite:{data}/awed.sqlite"),
    ],
)
def test_another_store_than_the_first_is_refused(path: Path, first: str, same: str, other: str) -> None:
    """A second one would know none of the users, and the files of the first one's nodes would be removed."""
    first, same, other = (uri.format(data=path) for uri in (first, same, other))
    data = at(path)
    with data.held(NOW):
        data.check_store(first)
        data.note_store(first)
        assert data.store() == first
        assert mode(path / "store") == 0o600
        data.check_store(same)
        with pytest.raises(StartError, match="belongs to the store ") as refused:
            data.check_store(other)
    assert "secret" not in str(refused.value)


def test_the_store_is_found_again_when_the_directory_moves(path: Path) -> None:
    with at(path).held(NOW):
        at(path).note_store(f"sqlite:{path}/awed.sqlite")
    moved = path.rename(path.with_name("moved"))
    assert at(moved).store() == f"sqlite:{moved}/awed.sqlite"
