"""What every resource works with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from awed.api.hosts import OwnHosts
from awed.auth.chain import Authenticators
from awed.model.access import User
from awed.nodes.addresses import Addresses
from awed.nodes.store import NodeStore
from awed.service.engine import Engine
from awed.service.groups import Groups
from awed.tx.threads import InThread
from awed.tx.turns import Turns
from awed.web.calls import Calls
from awed.web.traits import PLAIN, Traits
from awed.workflow.reader import DocumentLimits

NO_LIMIT = 1 << 50
"""Bytes of a body that may be as large as it can."""


class Permissions(Struct, frozen=True):
    """What those may do who do not say who they are."""

    read: bool = True
    write: bool = True
    delete: bool = True


class About(Struct, frozen=True):
    """What the configuration says of this server. *auth*: the words that introduce a token."""

    title: str = "AWE Server"
    contact: str = ""
    auth: list[str] = []
    anonymous: Permissions = Permissions()


class DebugLevel(Protocol):
    """How much detail is logged, from 0 (none) to 3."""

    level: int

    def set_level(self, level: int) -> None:
        """Log so much from now on."""


@dataclass(frozen=True)
class Context:
    """The engine behind the API, and what resources need beside it.

    *authenticators* tell who makes a request, *file_users* who makes one for nodes. *job_token* makes the token by
    which the workers of a job reach its owner's files in the daemon's own store. *metrics* makes the page that
    Prometheus reads; *metrics_for* is who may read it: ``public``, ``token`` or ``admin``.
    *client_auth_required*: only workers with the token of a client group may register. *max_upload*: bytes of a file
    for the node store. *collections*: all that there are.
    """

    engine: Engine
    groups: Groups
    authenticators: Authenticators
    file_users: Authenticators
    nodes: NodeStore
    addresses: Addresses
    hosts: OwnHosts
    in_thread: InThread
    turns: Turns
    now: Callable[[], datetime]
    job_token: Callable[[str], str]
    debug: DebugLevel
    metrics: Callable[[User], Awaitable[bytes]]
    metrics_for: str
    collections: Mapping[str, type["Resource"]]
    about: About
    client_auth_required: bool
    document_limits: DocumentLimits
    max_upload: int


class Resource:
    """One collection. A subclass declares its calls, its *traits* if they differ from those of others, and whether
    the front page lists it."""

    calls: Calls[Context]
    traits: Traits = PLAIN
    is_listed = True

    def __init__(self, context: Context) -> None:
        self.context = context
        self.engine = context.engine
