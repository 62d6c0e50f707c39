"""Commands about client groups."""

from typing import Any

import pytest

from awed.model.access import ClientGroup
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import FakeServer

GROUP = ClientGroup(id="id-1", name="big", token="t0k3n")


@pytest.fixture(autouse=True)
def known(server: FakeServer) -> None:
    server.on("GET /cgroup?limit=0", [GROUP])


def test_groups_are_listed_without_their_tokens(awe: Awe, capsys: Any) -> None:
    assert awe("groups") == 0
    printed = capsys.readouterr().out
    assert "big" in printed
    assert "t0k3n" not in printed


def test_a_new_group_prints_its_token(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("POST /cgroup/a%2Fb", GROUP)
    assert awe("groups", "add", "a/b") == 0
    assert capsys.readouterr().out == "t0k3n\n"


def test_a_new_token_for_a_group(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("PUT /cgroup/id-1/token", GROUP)
    assert awe("groups", "token", "big", "--yes") == 0
    assert capsys.readouterr().out == "t0k3n\n"


@pytest.mark.parametrize("command", ["open", "close"])
def test_a_group_is_opened_and_closed_by_name(server: FakeServer, awe: Awe, command: str) -> None:
    server.on(f"PUT /cgroup/id-1?{command}", GROUP)
    assert awe("groups", command, "big") == 0


def test_a_group_is_removed_by_name(server: FakeServer, awe: Awe) -> None:
    server.on("DELETE /cgroup/id-1", None)
    assert awe("groups", "remove", "big", "--yes") == 0


@pytest.mark.parametrize("command", ["token", "remove"])
def test_no_token_is_lost_without_a_yes(
    server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert awe("groups", command, "big") == 1
    assert {request.method for request in server.requests} == {"GET"}


def test_a_group_that_is_not_there(awe: Awe, capsys: Any) -> None:
    assert awe("groups", "remove", "small", "--yes") == 2
    assert "there is no group small; there are big" in capsys.readouterr().err
