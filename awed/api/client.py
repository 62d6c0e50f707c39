"""``/client``: workers register, give signs of life, and are looked at, suspended, resumed, removed."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from msgspec import structs

from awed.api.context import OTHER_GROUP, Context
from awed.api.profile import read_heartbeat, read_profile
from awed.auth.rights import require
from awed.model.access import User, Verb
from awed.model.client import Client
from awed.model.errors import ClientNotFound, Invalid, Unauthorized
from awed.model.ids import new_id
from awed.model.states import ClientState
from awed.web.body import AwedRequest
from awed.web.envelope import answer
from awed.web.errors import new_app
from awed.web.params import Params, params_of
from awed.wire.clients import Registered

PROFILE_LIMIT = 1024 * 1024
"""Bytes that a client's profile, or the body of a heartbeat, may have."""


class ClientResource:
    """The registered workers."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine = context.engine
        self._changes: Mapping[str, Callable[[str, Params], Awaitable[str]]] = {
            "suspend": self._suspend,
            "resume": self._resume,
            "subclients": self._subclients,
        }

    @app.route("/", methods=["POST"])
    async def register(self, request: AwedRequest) -> bytes:
        """A worker registers, for the first time or again."""
        user = await self._context.authenticated_worker(request, "write")
        try:
            client = await self._register(request, user)
        except Invalid as error:
            raise Invalid(*(f"Error in registering new client: {text}" for text in error.texts)) from None
        return answer(
            request,
            Registered(
                **structs.asdict(client),
                server_uuid=self._engine.server_uuid,
                heartbeat_limit=self._engine.heartbeat_limit,
            ),
        )

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        """The registered workers."""
        user = await self._context.user(request, "read")
        chosen, allowed = _filter(params_of(request)), self._allowed(user, "read")
        return answer(
            request, [client for client in self._engine.clients.all() if chosen(client) and allowed(client)]
        )

    @app.route("/", methods=["PUT"])
    async def change_all(self, request: AwedRequest) -> bytes:
        """Suspend or resume all workers that the caller may change."""
        user = await self._context.user(request, "write")
        params, allowed = params_of(request), self._allowed(user, "write")
        if "suspendall" in params:
            return answer(request, f"{await self._engine.clients.suspend_all(allowed)} clients suspended")
        if "resumeall" in params:
            return answer(request, f"{await self._engine.clients.resume_all(allowed)} suspended clients resumed")
        raise Invalid("requested client operation not supported")

    @app.route("/<client_id>", methods=["GET"])
    async def show(self, request: AwedRequest, client_id: str) -> bytes:
        """A worker; or take its sign of life."""
        if "heartbeat" in params_of(request) and request.method != b"HEAD":
            return await self._heartbeat(request, client_id, None)
        return answer(request, await self._context.client(request, "read", client_id))

    @app.route("/<client_id>", methods=["PUT"])
    async def change(self, request: AwedRequest, client_id: str) -> bytes:
        """Suspend or resume a worker, or tell how many it stands for; or take its sign of life."""
        params = params_of(request)
        if "heartbeat" in params:
            body = await request.body(PROFILE_LIMIT)
            return await self._heartbeat(request, client_id, read_heartbeat(body) if body else None)
        await self._context.client(request, "write", client_id)
        for name, change in self._changes.items():
            if name in params:
                return answer(request, await change(client_id, params))
        raise Invalid("requested client operation not supported")

    @app.route("/<client_id>", methods=["DELETE"])
    async def remove(self, request: AwedRequest, client_id: str) -> bytes:
        """A worker signs off; its work is queued again."""
        await self._context.worker(request, "delete", client_id, right="delete")
        await self._engine.clients.remove(client_id)
        return answer(request, "client deleted")

    def _allowed(self, user: User, verb: Verb) -> Callable[[Client], bool]:
        return lambda client: self._context.groups.acl(client.group).allows(user, verb)

    async def _register(self, request: AwedRequest, user: User) -> Client:
        part = (await request.form()).get("profile")
        if part is None:
            raise Invalid("Profile file not provided")
        profile, current_work = read_profile(await part.read(PROFILE_LIMIT), now=self._context.now(), new_id=new_id)
        await self._enter(profile.group, user)
        with suppress(ClientNotFound):  # whoever takes a known id takes the work that it holds
            self._context.require_group(user, self._engine.clients.group_of(profile.id))
        return await self._engine.clients.register(profile, current_work)

    async def _enter(self, group: str, user: User) -> None:
        """Make sure that *user* may run workers of this group, which is made if it is new."""
        if user.group and user.group != group:
            raise Invalid(OTHER_GROUP)
        if not user.group:
            if self._context.client_auth_required:
                raise Unauthorized("No Authorization")
            await self._context.groups.ensure(group)
            require(user, "execute", self._context.groups.acl(group))

    async def _heartbeat(self, request: AwedRequest, client_id: str, current_work: list[str] | None) -> bytes:
        await self._context.worker(request, "read", client_id)
        return answer(request, await self._engine.clients.heartbeat(client_id, current_work))

    async def _suspend(self, client_id: str, params: Params) -> str:
        await self._engine.clients.suspend(client_id)
        return "client suspended"

    async def _resume(self, client_id: str, params: Params) -> str:
        await self._engine.clients.resume(client_id)
        return "client resumed"

    async def _subclients(self, client_id: str, params: Params) -> str:
        await self._engine.clients.set_subclients(client_id, params.count("subclients", 0))
        return "ok"


def _filter(params: Params) -> Callable[[Client], bool]:
    """Whether a client is among those that *params* ask for."""
    busy, group, status, app = "busy" in params, params.text("group"), params.text("status"), params.text("app")

    def chosen(client: Client) -> bool:
        return (
            (not busy or client.status is ClientState.BUSY)
            and (not group or client.group == group)
            and (not status or status in (client.status, client.status.rpartition("-")[2]))
            and (not app or app in client.apps)
        )

    return chosen
