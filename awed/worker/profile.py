"""How a worker introduces itself, and what it says of itself at each heartbeat."""

import os
import socket
from collections.abc import Iterable

from msgspec import Struct

from awed import __version__
from awed.wire.clients import Busyness, Profile


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
            images=False,
            current_work={"data": sorted(holds)},
            version=__version__,
        )


def busyness(holds: Iterable[str], trouble: str = "") -> Busyness:
    """The heartbeat of a worker that *holds* these workunits, and is well unless it has some *trouble*."""
    data = sorted(holds)
    return Busyness({"data": data}, busy=bool(data), healthy=not trouble, error_message=trouble)
