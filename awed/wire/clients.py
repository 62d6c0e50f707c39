"""What a worker says of itself when it registers and at each heartbeat, and what it hears."""

from collections.abc import Iterable

from msgspec import Struct

from awed.model.client import Client

CurrentWork = dict[str, bool | list[str]]
"""``{"<wuid>": true}`` from workers of the first generation, ``{"data": ["<wuid>"]}`` from later ones."""


def holding(wuids: Iterable[str]) -> CurrentWork:
    """As awed's worker says what it holds."""
    return {"data": sorted(wuids)}


class Profile(Struct, omit_defaults=True):
    """The registration: the keys of a client that its worker decides.

    *slots*: how many workunits it may hold at once. *current_work*: what runs there or waits to be reported.
    *images*: whether it runs commands in container images; workers of the original do, and do not say it.
    """

    id: str = ""
    name: str = ""
    group: str = ""
    user: str = ""
    domain: str = ""
    instance_id: str = ""
    instance_type: str = ""
    host: str = ""
    hostname: str = ""
    host_ip: str = ""
    cores: int = 0
    apps: list[str] = []
    total_checkout: int = 0
    total_completed: int = 0
    total_failed: int = 0
    current_work: CurrentWork = {}
    skip_work: list[str] = []
    proxy: bool = False
    subclients: int = 0
    git_commit_hash: str = ""
    version: str = ""
    slots: int = 1
    images: bool = True


class Registered(Client, kw_only=True):
    """What a worker is told when it registers: its record, and who the server is."""

    server_uuid: str
    heartbeat_limit: float
    """Seconds of silence after which the server gives the client up."""


class Registration(Struct):
    """What counts of it for the worker, and all that servers of the original tell."""

    server_uuid: str
    heartbeat_limit: float = 30.0


class HeartbeatBody(Struct):
    """What counts in the body of a heartbeat; workers of the first generation send none."""

    current_work: CurrentWork | None = None


class Busyness(HeartbeatBody):
    """All that stands in it."""

    busy: bool = False
    healthy: bool = True
    error_message: str = ""
