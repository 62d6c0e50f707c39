"""Waiting for what the operating system does in its own time."""

from collections.abc import Callable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater

PATIENCE = 2000
"""How often to look, 20 ms apart."""


async def until(condition: Callable[[], object]) -> None:
    """Wait until *condition*, which may be a coroutine function, holds."""
    for _ in range(PATIENCE):
        if await maybeDeferred(condition):
            return
        await deferLater(reactor, 0.02)
    raise AssertionError("waited in vain")


async def gone(pid: int) -> None:
    """Wait until a process that is not our child runs no more. One that nobody reaps is as good as gone."""
    await until(lambda: not runs(pid))


def runs(pid: int) -> bool:
    """Whether a process is there, and does not only wait to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
