"""Profiles, and the command that makes them."""

import stat
from pathlib import Path
from typing import Any

import pytest

from awed.cli.program import run
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import FakeServer

LIST = "GET /job?top=true&order=info.submittime&limit=25"


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user types."""
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: "s3cret")


@pytest.mark.usefixtures("token")
def test_after_a_login_no_options_are_needed(
    server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch, settings: Path, capsys: Any
) -> None:
    server.on("GET /job?limit=1&verbosity=minimal", [])
    server.on(LIST, [])
    assert awe("login") == 0
    assert "s3cret" not in capsys.readouterr().err + (settings / "config.toml").read_text()
    assert {stat.S_IMODE(file.stat().st_mode) for file in settings.iterdir()} == {0o600}
    monkeypatch.delenv("AWE_SERVER")
    assert run(["jobs"]) == 0
    assert [request.authorization for request in server.requests] == ["Bearer s3cret"] * 2


@pytest.mark.usefixtures("token")
def test_a_token_that_the_server_refuses_is_not_kept(
    server: FakeServer, awe: Awe, settings: Path, capsys: Any
) -> None:
    server.refuse("GET /job?limit=1&verbosity=minimal", 401, "Invalid Auth Header")
    assert awe("login") == 3
    assert f"{server.url} does not take this token" in capsys.readouterr().err
    assert not settings.exists()


def test_the_token_of_a_profile_goes_to_no_other_server(
    server: FakeServer, awe: Awe, settings: Path, tmp_path: Path
) -> None:
    """Whoever is named by AWE_SERVER or --server gets no secret of another one."""
    settings.mkdir(parents=True)
    (tmp_path / "token").write_text("s3cret")
    (settings / "config.toml").write_text(
        f'[profile.lab]\nserver = "http://127.0.0.1:1"\ntoken_file = "{tmp_path / "token"}"\n'
    )
    server.on(LIST, [])
    assert awe("--profile", "lab", "jobs") == 0
    assert [request.authorization for request in server.requests] == [None]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("default = 7", "Expected `str`, got `int`"),
        ("[profile.lab]\nsever = 'x'", "unknown field `sever`"),
        ("nonsense", "config.toml: "),
        ("default = 'x'", "there is no profile x; there are none"),
    ],
)
def test_a_wrong_file_is_told(settings: Path, capsys: Any, text: str, told: str) -> None:
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(text)
    assert run(["jobs"]) == 2
    assert told in capsys.readouterr().err
