"""``/hook``: addresses that are sent events."""

import secrets
from typing import Annotated

import msgspec
from msgspec import UNSET, Struct, UnsetType

from awed.api.context import Context, Resource
from awed.api.rights import Found, may, to
from awed.model.access import Acl, User
from awed.model.addresses import without_password
from awed.model.errors import Invalid, JobNotFound, NotFound
from awed.model.hook import Hook, HookDelivery, HookState, Notify, faults_of
from awed.model.ids import new_id
from awed.web.arguments import Body
from awed.web.calls import Asked, Call, Calls
from awed.wire.json import plain

MAX_HOOK = 64 * 1024
"""Bytes of the body that makes a hook."""


class NewHook(Notify, forbid_unknown_fields=True):
    """What a user wants to be sent: events of one *job*, or of those that are *mine*, or of all that may be read. If
    there is no secret one is made."""

    job: str = ""
    mine: bool = False


class ShownHook(Struct, omit_defaults=True):
    """A hook as it is shown: its *secret* only where it was made, and only once; *url* without its password."""

    id: str
    url: str
    events: list[str]
    job: str
    mine: bool
    state: HookState
    reason: str = ""
    secret: str = ""
    deliveries: list[HookDelivery] | UnsetType = UNSET


async def a_hook(context: Context, asked: Asked) -> Found[Hook]:
    """Finds the hook that the path names, which is its owner's alone."""
    hook_id = asked.names["hook_id"]
    hook = context.hooks.get(hook_id)
    return Found(hook, Acl(hook.owner), NotFound(f"hook not found: {hook_id}"))


class HookResource(Resource):
    """The hooks of the caller; of an administrator, all."""

    calls = Calls[Context]()

    @calls("POST /", may("write"))
    async def make(self, call: Call[None], *, body: Annotated[bytes, Body(MAX_HOOK, NewHook)]) -> ShownHook:
        """Make a hook: what happens from now on is sent to an address."""
        wanted = _read(body)
        if wanted.job:
            await self._require_readable(wanted.job, call.user)
        secret = wanted.secret or secrets.token_urlsafe(32)
        hook = Hook(new_id(), wanted.url, wanted.events, secret, call.user.name, wanted.job, wanted.mine)
        await self.context.hooks.add(hook, call.user)
        return _shown(hook, secret="" if wanted.secret else secret)

    @calls("GET /", may("read"))
    async def index(self, call: Call[None]) -> list[ShownHook]:
        """The hooks."""
        return [_shown(hook) for hook in self.context.hooks.of(call.user)]

    @calls("GET /<hook_id>", to("read", a_hook))
    async def show(self, call: Call[Hook]) -> ShownHook:
        """A hook, with its last deliveries."""
        return _shown(call.thing, deliveries=call.thing.deliveries)

    @calls("DELETE /<hook_id>", to("delete", a_hook))
    async def delete(self, call: Call[Hook]) -> str:
        """Send nothing more there, and forget it."""
        await self.context.hooks.remove(call.thing.id)
        return f"hook deleted: {call.thing.id}"

    async def _require_readable(self, job_id: str, user: User) -> None:
        if not (await self.engine.jobs.get(job_id)).acl.allows(user, "read"):
            raise JobNotFound(job_id)


def _read(body: bytes) -> NewHook:
    """Raises :class:`~awed.model.errors.Invalid`."""
    try:
        wanted = msgspec.json.decode(plain(body), type=NewHook)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid(f"the body must describe a hook: {error}") from None
    if faults := [f"{field}: {text}" for field, text in faults_of(wanted)]:
        raise Invalid(*faults)
    return wanted


def _shown(hook: Hook, *, secret: str = "", deliveries: list[HookDelivery] | UnsetType = UNSET) -> ShownHook:
    url, _ = without_password(hook.url)
    return ShownHook(hook.id, url, hook.events, hook.job, hook.mine, hook.state, hook.reason, secret, deliveries)
