"""The command line against a scripted server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from awed.cli.program import run
from tests.unit.cli.fake import FakeServer, fake_server

Awe = Callable[..., int]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the user's settings, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "awe"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.delenv("AWE_TOKEN", raising=False)
    with fake_server() as fake:
        monkeypatch.setenv("AWE_SERVER", fake.url)
        yield fake


@pytest.fixture
def awe(server: FakeServer) -> Awe:
    """The command line, asking the scripted server: arguments to exit status."""
    return lambda *arguments: run(arguments)
