"""The base class of all collections, and the context that they share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from awed.api.hosts import OwnHosts
from awed.api.reading import Reading
from awed.auth.chain import Authenticators
from awed.auth.sessions import Sessions
from awed.model.access import User
from awed.nodes.addresses import Addresses
from awed.nodes.store import NodeStore
from awed.service.engine import Engine
from awed.service.groups import Groups
from awed.service.hooks import Hooks
from awed.tx.threads import InThread
from awed.tx.turns import Turns
from awed.web.calls import Calls
from awed.web.traits import PLAIN, Traits
from awed.workflow.reader import DocumentLimits

NO_LIMIT = 1 << 50
"""The limit of bodies that may have any size, in bytes."""


class Permissions(Struct, frozen=True):
    """What requests without credentials may do."""

    read: bool = True
    write: bool = True
    delete: bool = True


class About(Struct, frozen=True):
    """What the front page shows of the configuration. *auth*: the schemes of Authorization for identity servers.
    *storage*: the URLs below which TES tasks find files.
    """

    title: str = "AWE Server"
    contact: str = ""
    auth: list[str] = []
    anonymous: Permissions = Permissions()
    storage: list[str] = []


class DebugLevel(Protocol):
    """The debug level of the log, 0 to 3."""

    level: int

    def set_level(self, level: int) -> None:
        """Set the level."""


@dataclass(frozen=True)
class Context:
    """What all collections share.

    *authenticators*, *file_users*: find the user of a request, the latter of one for nodes. *sessions*: the logins in
    browsers. *now*: the wall clock. *reading*: reads documents. *job_token*: makes the token with which workers of a
    job use the daemon's own node store; *run_token*: the one with which the runner of a run of this submitter makes
    steps. *metrics*: makes the page for Prometheus. *metrics_for*: who may read it, ``public``, ``token`` or
    ``admin``. *collections*: all collections by name. *client_auth_required*: whether only workers with the token of
    a client group may register. *max_upload*: bytes that a file for the node store may have. *max_log*: bytes of a
    log that are kept.
    """

    engine: Engine
    groups: Groups
    hooks: Hooks
    authenticators: Authenticators
    file_users: Authenticators
    sessions: Sessions
    nodes: NodeStore
    addresses: Addresses
    hosts: OwnHosts
    in_thread: InThread
    reading: Reading
    turns: Turns
    now: Callable[[], datetime]
    job_token: Callable[[str], str]
    run_token: Callable[[str, str], str]
    debug: DebugLevel
    metrics: Callable[[User], Awaitable[bytes]]
    metrics_for: str
    collections: Mapping[str, type["Resource"]]
    about: About
    client_auth_required: bool
    document_limits: DocumentLimits
    max_upload: int
    max_log: int


class Resource:
    """Base class of all collections.

    A subclass has its *calls*, its *traits* if they differ from PLAIN, and *is_listed*: whether the front page lists
    it.
    """

    calls: Calls[Context]
    traits: Traits = PLAIN
    is_listed = True

    def __init__(self, context: Context) -> None:
        self.context = context
        self.engine = context.engine
