"""``/client``: workers register, send heartbeats, and are listed, suspended, resumed and removed."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

from msgspec import Struct, structs

from awed.api.context import Context, Resource
from awed.api.profile import read_heartbeat, read_profile
from awed.api.rights import a_client, as_this_client, may, to
from awed.auth.rights import require
from awed.model.access import User, Verb
from awed.model.client import Client, Heartbeat
from awed.model.errors import ClientNotFound, Invalid, Unauthorized
from awed.model.ids import new_id
from awed.model.states import ClientState
from awed.web.arguments import Body
from awed.web.calls import Call, Calls
from awed.web.form import Part
from awed.wire.clients import Registered, ShownClient

OTHER_GROUP = "Clientgroup name in token does not match that in the client."

PROFILE_LIMIT = 1024 * 1024
"""Bytes that a client's profile, or the body of a heartbeat, may have."""


class Selection(Struct, frozen=True):
    """The workers that a list is to have."""

    busy: Annotated[bool, "Only those that run work."] = False
    group: Annotated[str, "Only those of this group."] = ""
    status: Annotated[str, "Only those in this state: active-idle or idle, active-busy or busy, suspend."] = ""
    app: Annotated[str, "Only those with this app."] = ""

    def __call__(self, client: Client) -> bool:
        """Whether the list is to have *client*."""
        return (
            (not self.busy or client.status is ClientState.BUSY)
            and (not self.group or client.group == self.group)
            and (not self.status or self.status in (client.status, client.status.rpartition("-")[2]))
            and (not self.app or self.app in client.apps)
        )


class ClientResource(Resource):
    """The registered workers."""

    calls = Calls[Context]()

    @calls("POST /", may("write", workers=True))
    async def register(
        self, call: Call[None], *, profile: Annotated[Part | None, "The worker's profile (JSON)."] = None
    ) -> Registered:
        """A worker registers, for the first time or again."""
        try:
            client = await self._register(call.user, profile)
        except Invalid as error:
            raise Invalid(*(f"Error in registering new client: {text}" for text in error.texts)) from None
        return Registered(
            **structs.asdict(client),
            server_uuid=self.engine.server_uuid,
            heartbeat_limit=self.engine.heartbeat_limit,
            max_log=self.context.max_log,
        )

    @calls("GET /", may("read"))
    async def index(self, call: Call[None], *, selection: Selection) -> list[ShownClient]:
        """The registered workers, in the order of names and ids."""
        allowed = self._allowed(call.user, "read")
        clients = [client for client in self.engine.clients.all() if selection(client) and allowed(client)]
        shows = self.engine.jobs.shows(call.user)
        ordered = sorted(clients, key=lambda client: (client.name, client.id))
        return [ShownClient.of(client, shows) for client in ordered]

    @calls("PUT /?suspendall", may("write"))
    async def suspend_all(self, call: Call[None]) -> str:
        """Suspend all workers that the caller may suspend."""
        return f"{await self.engine.clients.suspend_all(self._allowed(call.user, 'write'))} clients suspended"

    @calls("PUT /?resumeall", may("write"))
    async def resume_all(self, call: Call[None]) -> str:
        """Resume all suspended workers that the caller may resume."""
        return f"{await self.engine.clients.resume_all(self._allowed(call.user, 'write'))} suspended clients resumed"

    @calls("GET /<client_id>", to("read", a_client))
    async def show(self, call: Call[Client]) -> ShownClient:
        """A worker."""
        return ShownClient.of(call.thing, self.engine.jobs.shows(call.user))

    @calls("GET /<client_id>?heartbeat", as_this_client("read"), acts=True)
    async def beat(self, call: Call[str]) -> Heartbeat:
        """A heartbeat."""
        return await self.engine.clients.heartbeat(call.thing, None)

    @calls("PUT /<client_id>?heartbeat", as_this_client("read"))
    async def beat_with_work(
        self, call: Call[str], *, body: Annotated[bytes, Body(PROFILE_LIMIT, dict[str, Any])]
    ) -> Heartbeat:
        """A heartbeat, with the workunits of the worker in the body."""
        return await self.engine.clients.heartbeat(call.thing, read_heartbeat(body) if body else None)

    @calls("PUT /<client_id>?suspend", to("write", a_client))
    async def suspend(self, call: Call[Client]) -> str:
        """Suspend a worker: it gets no more work."""
        await self.engine.clients.suspend(call.thing.id)
        return "client suspended"

    @calls("PUT /<client_id>?resume", to("write", a_client))
    async def resume(self, call: Call[Client]) -> str:
        """Resume a worker: it gets work again."""
        await self.engine.clients.resume(call.thing.id)
        return "client resumed"

    @calls("PUT /<client_id>?subclients", to("write", a_client))
    async def set_subclients(self, call: Call[Client], *, subclients: int) -> str:
        """Set for how many workers it stands."""
        await self.engine.clients.set_subclients(call.thing.id, subclients)
        return "ok"

    @calls("DELETE /<client_id>", as_this_client("delete", "delete"))
    async def remove(self, call: Call[str]) -> str:
        """A worker signs off. Its work is queued again."""
        await self.engine.clients.remove(call.thing)
        return "client deleted"

    def _allowed(self, user: User, verb: Verb) -> Callable[[Client], bool]:
        return lambda client: self.context.groups.acl(client.group).allows(user, verb)

    async def _register(self, user: User, part: Part | None) -> Client:
        if part is None:
            raise Invalid("Profile file not provided")
        profile, current_work = read_profile(await part.read(PROFILE_LIMIT), now=self.context.now(), new_id=new_id)
        if not user.group:
            if self.context.client_auth_required:
                raise Unauthorized("No Authorization")
            await self.context.groups.ensure(profile.group)
        self._enter(profile.group, user)
        with suppress(ClientNotFound):  # with a known id it takes over the work of that client
            self._enter(self.engine.clients.group_of(profile.id), user)
        return await self.engine.clients.register(profile, current_work)

    def _enter(self, group: str, user: User) -> None:
        """Raises :class:`Unauthorized` or :class:`Invalid` unless *user* may run workers of *group*."""
        if not user.group:
            require(user, "execute", self.context.groups.acl(group))
        elif user.group != group:
            raise Invalid(OTHER_GROUP)
