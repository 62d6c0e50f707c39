"""What right a call needs: each route names one of these. Requests are authorised here and nowhere else, but for what
depends on the body: the rights of a worker that registers, and who may make a change of rights.

A *verb* is what a request without Authorization must be free to do; with a thing, also the right to it. Whatever is
missing is told by :class:`~awed.model.errors.Unauthorized`.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from awed.api.context import Context
from awed.auth.rights import require, require_admin
from awed.model.access import Acl, GroupRecord, User, Verb
from awed.model.client import Client
from awed.model.errors import Invalid, Unauthorized, UnknownCredentials
from awed.model.ids import WorkId, parse_work_id
from awed.model.records import JobRecord
from awed.model.work import Workunit
from awed.web.arguments import Parameter
from awed.web.calls import Asked, Call, Right
from awed.web.kinds import TEXT
from awed.web.params import header

T = TypeVar("T")

Find = Callable[[Context, Asked], Awaitable[tuple[T, Acl]]]
"""Finds the thing that a request is about, and the rights to it. Raises an error if it is not there."""

OTHER_GROUP = "Clientgroup name in token does not match that in the client."

_CLIENT = Parameter("client", "The client's id.", TEXT)
_GROUP = Parameter("clientgroup", "The jobs that the workers of this group run.", TEXT)


async def _anyone(context: Context, asked: Asked) -> Call[None]:
    return Call(asked.request, User(), None)


async def _admin(context: Context, asked: Asked) -> Call[None]:
    user = await _user(context, asked, "read")
    require_admin(user)
    return Call(asked.request, user, None)


ANYONE = Right(_anyone)
"""Nobody is asked who they are."""

ADMIN = Right(_admin)
"""An administrator."""


def may(verb: Verb, *, workers: bool = False) -> Right[Context, None]:
    """A user. *workers*: or a worker with the token of a client group."""

    async def grant(context: Context, asked: Asked) -> Call[None]:
        return Call(asked.request, await _user(context, asked, verb, workers=workers), None)

    return Right(grant)


def to(verb: Verb, find: Find[T], *query: Parameter) -> Right[Context, T]:
    """A user with this right to what *find* finds. That it is not there is told before that one may not have it."""

    async def grant(context: Context, asked: Asked) -> Call[T]:
        user = await _user(context, asked, verb)
        thing, acl = await find(context, asked)
        require(user, verb, acl)
        return Call(asked.request, user, thing)

    return Right(grant, query)


async def a_job(context: Context, asked: Asked) -> tuple[JobRecord, Acl]:
    """The job that the path names, or whose workunit it names."""
    record = await context.engine.jobs.get(asked.names.get("job_id") or _work_id(asked).job_id)
    return record, record.acl


async def a_workunit(context: Context, asked: Asked) -> tuple[Workunit, Acl]:
    """The workunit that the path names, if it is queued, out or suspended."""
    work_id = _work_id(asked)
    return await context.engine.work.get(work_id), context.engine.jobs.acl(work_id.job_id)


async def a_group(context: Context, asked: Asked) -> tuple[GroupRecord, Acl]:
    """The client group that the path names."""
    record = context.groups.get(asked.names["group_id"])
    return record, record.acl


async def an_own_group(context: Context, asked: Asked) -> tuple[GroupRecord, Acl]:
    """The same, for its owner alone."""
    record, acl = await a_group(context, asked)
    return record, Acl(acl.owner)


async def _named_group(context: Context, asked: Asked) -> tuple[str, Acl]:
    name = asked.params[_GROUP.name][0]
    if not context.groups.has(name):
        raise Invalid(f"clientgroup not found: {name}")
    return name, context.groups.acl(name)


async def a_client(context: Context, asked: Asked) -> tuple[Client, Acl]:
    """The client that the path names; the rights are those to its group."""
    client = context.engine.clients.get(asked.names["client_id"])
    return client, context.groups.acl(client.group)


READ_NAMED_GROUP = to("read", _named_group, _GROUP)
"""A user with the right to the client group that the query names."""


def as_client(verb: Verb) -> Right[Context, str]:
    """Who may act as the client that the query names."""

    async def grant(context: Context, asked: Asked) -> Call[str]:
        if _CLIENT.name not in asked.params:
            raise Invalid("This request type requires the client=clientid parameter.")
        return await _act(context, asked, verb, asked.params[_CLIENT.name][0], "execute")

    return Right(grant, (_CLIENT,))


def as_this_client(verb: Verb, right: Verb = "execute") -> Right[Context, str]:
    """Who may act as the client that the path names: with its group's token, or with *right* to the group."""

    async def grant(context: Context, asked: Asked) -> Call[str]:
        return await _act(context, asked, verb, asked.names["client_id"], right)

    return Right(grant)


class Run(NamedTuple):
    """A client, and the workunit of which it speaks."""

    client_id: str
    work: WorkId


def about_work(verb: Verb, *, holder: bool = False) -> Right[Context, Run]:
    """As :func:`as_client`, about the workunit that the path names. *holder*: if that client holds it."""
    client = as_client(verb)

    async def grant(context: Context, asked: Asked) -> Call[Run]:
        work = _work_id(asked)
        call = await client.grant(context, asked)
        if holder:
            context.engine.work.require_holder(work, call.thing)
        return Call(call.request, call.user, Run(call.thing, work))

    return Right(grant, (_CLIENT,))


async def _act(context: Context, asked: Asked, verb: Verb, client_id: str, right: Verb) -> Call[str]:
    user = await _user(context, asked, verb, workers=True)
    require_group(context, user, context.engine.clients.group_of(client_id), right)
    return Call(asked.request, user, client_id)


def require_group(context: Context, user: User, group: str, right: Verb = "execute") -> None:
    """Raise :class:`~awed.model.errors.Unauthorized` unless *user* has the group's token, or *right* to it."""
    if not user.group:
        require(user, right, context.groups.acl(group))
    elif user.group != group:
        raise Unauthorized(OTHER_GROUP)


def to_files(verb: Verb) -> Right[Context, None]:
    """A user of the node store, which itself looks at the right to each node; with a job's token, its owner."""

    async def grant(context: Context, asked: Asked) -> Call[None]:
        try:
            return Call(asked.request, await _user(context, asked, verb, files=True), None)
        except UnknownCredentials:
            raise Invalid("Invalid authorization header or content") from None  # Shock's way to say it

    return Right(grant)


async def _user(context: Context, asked: Asked, verb: Verb, *, workers: bool = False, files: bool = False) -> User:
    """Who asks. *workers*: the token of a client group will do; *files*: that of a job."""
    users = context.file_users if files else context.authenticators
    authorization, peer = header(asked.request, b"authorization"), context.hosts.peer(asked.request)
    if authorization is None and context.hosts.is_foreign(asked.request):
        raise Unauthorized("No Authorization: pages of other sites are nobody here, see [Security] allowed_origins")
    return await users.user(authorization, verb, address=peer, workers=workers)


def _work_id(asked: Asked) -> WorkId:
    return parse_work_id(asked.names["work_id"])
