"""What a worker sends when it registers and at each heartbeat, and what it is answered."""

from collections.abc import Callable, Iterable
from typing import Any, Self

from msgspec import Struct, structs

from awed.model.client import Client
from awed.model.resources import Said
from awed.model.states import ClientState

CurrentWork = dict[str, bool | list[str]]
"""Ids of the workunits that a worker has: ``{"<wuid>": true}`` from the original's early workers,
``{"data": ["<wuid>"]}`` from later ones."""


def holding(wuids: Iterable[str]) -> CurrentWork:
    """*wuids*, as awed's worker sends them."""
    return {"data": sorted(wuids)}


class Profile(Struct, omit_defaults=True):
    """The body of a registration: those fields of a client that the worker sets.

    *slots*: how many workunits it may hold at once. *current_work*: workunits that it runs or has yet to report.
    *images*: whether it runs commands in container images. The default is right for workers of the original, which do
    and do not send it. *containers*: by what it runs them. *resources*: what it has for workunits, None from workers
    that do not send it.
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
    resources: Said | None = None
    executors: bool = False
    containers: str = ""


class Registered(Client, kw_only=True):
    """The answer to a registration: the record of the client, and what the worker must know of the server."""

    server_uuid: str
    heartbeat_limit: float
    """Seconds without a sign of the client after which the server takes its work away."""
    max_log: int
    """Bytes of each log that the server keeps after the end of a command."""


class ShownClient(Client, kw_only=True):
    """A client as the API shows it, for programs of early and late versions of the original.

    *online*, *busy* and *suspended* are fields of the late versions. *current_work* has a key for each workunit, as
    in early versions, and the list of all under ``data``, as in late ones.
    """

    current_work: dict[str, Any] = {}
    online: bool = True
    busy: bool = False
    suspended: bool = False

    @classmethod
    def of(cls, client: Client, shows: Callable[[str], bool] = lambda work_id: True) -> Self:
        """*client*, which is registered and so online, with those ids of workunits for which *shows* is true."""
        work = [work_id for work_id in client.current_work if shows(work_id)]
        shown = {
            "current_work": {**dict.fromkeys(work, True), "data": work},
            "skip_work": [work_id for work_id in client.skip_work if shows(work_id)],
        }
        return cls(
            **structs.asdict(client) | shown,
            busy=bool(client.current_work),
            suspended=client.status is ClientState.SUSPEND,
        )


def plain(shown: Iterable[ShownClient]) -> list[Client]:
    """The clients without the additions of :class:`ShownClient`."""
    return [_plain(client) for client in shown]


def _plain(shown: ShownClient) -> Client:
    fields = {name: getattr(shown, name) for name in Client.__struct_fields__}
    held = {wuid: True for wuid, is_held in shown.current_work.items() if is_held is True}
    return Client(**fields | {"current_work": held})


class Registration(Struct):
    """What a worker reads of :class:`Registered`. A server of the original sends no *heartbeat_limit*,
    and one that is older no *max_log* either."""

    server_uuid: str
    heartbeat_limit: float = 30.0
    max_log: int = 1 << 20


class HeartbeatBody(Struct):
    """What the server reads of the body of a heartbeat. The original's early workers send no body."""

    current_work: CurrentWork | None = None


class Busyness(HeartbeatBody):
    """The whole body of a heartbeat, as awed's worker sends it."""

    busy: bool = False
    healthy: bool = True
    error_message: str = ""
