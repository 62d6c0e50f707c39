"""What every resource works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from twisted.web.iweb import IRequest

from awed.api.hosts import OwnHosts
from awed.auth.chain import Authenticators
from awed.auth.rights import require, require_admin
from awed.model.access import User, Verb
from awed.model.client import Client
from awed.model.errors import Unauthorized
from awed.service.engine import Engine
from awed.service.groups import Groups
from awed.tx.threads import InThread
from awed.tx.turns import Turns
from awed.web.params import header
from awed.workflow.reader import NO_LIMITS, DocumentLimits

OTHER_GROUP = "Clientgroup name in token does not match that in the client."


async def user_of(
    authenticators: Authenticators, hosts: OwnHosts, request: IRequest, verb: Verb, workers: bool = False
) -> User:
    """Who makes *request*; with *workers* the token of a client group will do.

    Raises :class:`~awed.model.errors.Unauthorized`.
    """
    authorization, peer = header(request, b"authorization"), hosts.peer(request)
    return await authenticators.user(authorization, verb, address=peer, workers=workers)


@dataclass(frozen=True)
class Context:
    """The engine behind the API, and what a resource needs beside it."""

    engine: Engine
    groups: Groups
    authenticators: Authenticators
    hosts: OwnHosts
    in_thread: InThread
    turns: Turns
    now: Callable[[], datetime]
    job_token: Callable[[str], str]
    """Makes the token by which the workers of a job reach its owner's files in the daemon's own store."""
    document_limits: DocumentLimits = NO_LIMITS
    client_auth_required: bool = False
    """Only workers with the token of a client group may register."""

    async def user(self, request: IRequest, verb: Verb) -> User:
        """Who makes *request*. Raises :class:`~awed.model.errors.Unauthorized`."""
        return await user_of(self.authenticators, self.hosts, request, verb)

    async def authenticated_worker(self, request: IRequest, verb: Verb) -> User:
        """Who makes *request*; the token of a client group will do. Raises likewise."""
        return await user_of(self.authenticators, self.hosts, request, verb, workers=True)

    async def worker(self, request: IRequest, verb: Verb, client_id: str, right: Verb = "execute") -> None:
        """Make sure that who makes *request* may act as this client: with its group's token, or with *right* to the
        group. *verb* is what a request without Authorization must be free to do.

        Raises :class:`~awed.model.errors.Unauthorized` and :class:`~awed.model.errors.ClientNotFound`.
        """
        user = await self.authenticated_worker(request, verb)
        self.require_group(user, self.engine.clients.group_of(client_id), right)

    def require_group(self, user: User, group: str, right: Verb = "execute") -> None:
        """Raise :class:`~awed.model.errors.Unauthorized` unless *user* has the group's token, or *right* to it."""
        if not user.group:
            require(user, right, self.groups.acl(group))
        elif user.group != group:
            raise Unauthorized(OTHER_GROUP)

    async def client(self, request: IRequest, verb: Verb, client_id: str) -> Client:
        """The client, if who makes *request* has this right to its group. Raises likewise."""
        user = await self.user(request, verb)
        client = self.engine.clients.get(client_id)
        require(user, verb, self.groups.acl(client.group))
        return client

    async def admin(self, request: IRequest) -> User:
        """Who makes *request*, if that is an admin."""
        user = await self.user(request, "read")
        require_admin(user)
        return user
