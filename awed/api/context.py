"""What every resource works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from twisted.web.iweb import IRequest

from awed.api.hosts import OwnHosts
from awed.api.rights import Verb
from awed.model.access import User
from awed.model.errors import Unauthorized
from awed.service.engine import Engine
from awed.threads import InThread

OTHER_GROUP = "Clientgroup name in token does not match that in the client."


class IAuthenticators(Protocol):
    """Finds out who asks."""

    def user(self, header: str | None, verb: Verb, *, workers: bool = False) -> Awaitable[User]:
        """The user of an Authorization header; without one the public, if *verb* is free to it.

        *workers*: the token of a client group will do. Raises :class:`~awed.model.errors.Unauthorized`.
        """


@dataclass(frozen=True)
class Context:
    """The engine behind the API, and what a resource needs beside it."""

    engine: Engine
    authenticators: IAuthenticators
    hosts: OwnHosts
    in_thread: InThread
    now: Callable[[], datetime]

    async def user(self, request: IRequest, verb: Verb) -> User:
        """Who makes *request*. Raises :class:`~awed.model.errors.Unauthorized`."""
        return await self.authenticators.user(request.getHeader("authorization"), verb)

    async def authenticated_worker(self, request: IRequest, verb: Verb) -> User:
        """Who makes *request*; the token of a client group will do. Raises likewise."""
        return await self.authenticators.user(request.getHeader("authorization"), verb, workers=True)

    async def worker(self, request: IRequest, verb: Verb, client_id: str) -> None:
        """Make sure that who makes *request* may act as this client.

        Raises :class:`~awed.model.errors.Unauthorized` and :class:`~awed.model.errors.ClientNotFound`.
        """
        user = await self.authenticated_worker(request, verb)
        if user.group and user.group != self.engine.client(client_id).group:
            raise Unauthorized(OTHER_GROUP)

    async def admin(self, request: IRequest) -> User:
        """Who makes *request*, if that is an admin."""
        user = await self.user(request, "read")
        if not user.admin:
            raise Unauthorized("No Authorization")
        return user
