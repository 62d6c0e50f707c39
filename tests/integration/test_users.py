"""``awe user``: who may come to a running daemon."""

import pytest_twisted

from tests.integration.daemon import Daemon, Stage


async def awe(stage: Stage, *arguments: str) -> tuple[int, str]:
    """Type an ``awe`` command: its exit status and what it said."""
    program = stage.run("-m", "awed.cli", *arguments)
    return await program.ended(), program.output


@pytest_twisted.ensureDeferred
async def test_a_change_counts_at_once(stage: Stage, daemon: Daemon) -> None:
    users = ("user", "--data", str(daemon.data))
    status, token = await awe(stage, *users, "add", "ann", "--admin")
    assert status == 0
    (stage.folder / "token").write_text(token)
    as_ann = ("--server", daemon.url, "--token-file", "token")
    assert (await awe(stage, *as_ann, "jobs"))[0] == 0
    assert "everything" in (await awe(stage, *users, "list"))[1]
    assert (await awe(stage, *users, "add", "ann"))[0] == 2
    assert (await awe(stage, *users, "remove", "ann", "--yes"))[0] == 0
    status, output = await awe(stage, *as_ann, "jobs")
    assert (status, output) == (3, "awe: Invalid Auth Header\n")


@pytest_twisted.ensureDeferred
async def test_a_store_that_is_none(stage: Stage) -> None:
    (stage.folder / "awed.sqlite").write_text("this is no database" * 100)
    status, output = await awe(stage, "user", "--data", ".", "list")
    assert status == 3
    assert output.startswith("awe: sqlite:./awed.sqlite: ")
    assert len(output.splitlines()) == 1
