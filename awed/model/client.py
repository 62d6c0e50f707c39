"""Clients: the server's records of workers."""

from datetime import datetime

from msgspec import Struct, field

from awed.model.states import ClientState
from awed.model.times import NO_TIME


class Client(Struct):
    """A worker: what it registered, and what the server counts and shows of it.

    *slots*: how many workunits it may hold at once. *images*: whether it runs commands in container images.
    *suspend_reason*: why it gets no work, "" if it is not suspended. *suspended_until*: when the server resumes it;
    ``NO_TIME`` if a person must resume it.
    *executors*: whether it runs TES tasks. *containers*: what runs its containers, as it says. *offers*: the
    resources that it registered, None for none; *free*: what of them is free, in views only.
    """

    id: str
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
    regtime: datetime = NO_TIME
    lastcompleted: datetime = NO_TIME
    serve_time: str = "0h0m"
    idle_time: int = 0
    status: ClientState = field(default=ClientState.IDLE, name="Status")
    total_checkout: int = 0
    total_completed: int = 0
    total_failed: int = 0
    current_work: dict[str, bool] = {}
    skip_work: list[str] = []
    proxy: bool = False
    subclients: int = 0
    git_commit_hash: str = ""
    version: str = ""
    slots: int = 1
    images: bool = True
    suspend_reason: str = ""
    suspended_until: datetime = NO_TIME
    offers: dict[str, int | float] | None = None
    free: dict[str, int | float] | None = None
    executors: bool = False
    containers: str = ""


class Heartbeat(Struct, omit_defaults=True):
    """The answer to a heartbeat.

    *discard*: comma-separated ids of workunits that the worker is to end. *stop*: id of the client, if it is to stop.
    """

    server_uuid: str = field(name="server-uuid")
    discard: str = ""
    stop: str = ""
