"""How a worker introduces itself, and what it says of itself at each heartbeat."""

import os
import socket
from collections.abc import Iterable

from msgspec import Struct

from awed import __version__


class CurrentWork(Struct):
    """Ids of the workunits that run here or wait to be reported."""

    data: list[str] = []


class Profile(Struct):
    """The registration. ``slots``: how many workunits the worker may hold at once."""

    id: str
    name: str
    group: str
    hostname: str
    cores: int
    apps: list[str]
    slots: int
    current_work: CurrentWork
    version: str = __version__


class Busyness(Struct):
    """The heartbeat."""

    busy: bool
    current_work: CurrentWork
    healthy: bool = True
    error_message: str = ""


class Introduction(Struct, frozen=True):
    """What a worker is for, as its user says it."""

    id: str
    name: str
    group: str
    apps: tuple[str, ...]
    slots: int

    def profile(self, holds: Iterable[str]) -> Profile:
        """The registration of this worker on this machine, which *holds* these workunits."""
        return Profile(
            id=self.id,
            name=self.name,
            group=self.group,
            hostname=socket.gethostname(),
            cores=os.cpu_count() or 1,
            apps=list(self.apps),
            slots=self.slots,
            current_work=CurrentWork(sorted(holds)),
        )


def busyness(holds: Iterable[str], trouble: str = "") -> Busyness:
    """The heartbeat of a worker that *holds* these workunits, and is well unless it has some *trouble*."""
    data = sorted(holds)
    return Busyness(bool(data), CurrentWork(data), healthy=not trouble, error_message=trouble)
