"""What right a call needs: each route names one of these. Requests are authorised here and nowhere else, but for what
depends on the body: the rights of a worker that registers, and who may make a change of rights.

A *verb* is what a request without Authorization must be free to do; with a thing, also the right to it. Whatever is
missing is told by :class:`~awed.model.errors.Unauthorized`. But who has no right at all to a thing is told what is
told of one that is not there, so that nobody can try which ids there are.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from awed.api.context import Context
from awed.auth.rights import require, require_admin
from awed.model.access import Acl, GroupRecord, User, Verb
from awed.model.client import Client
from awed.model.errors import (
    AwedError,
    ClientNotFound,
    GroupNotFound,
    Invalid,
    JobNotFound,
    Unauthorized,
    UnknownCredentials,
    WorkNotFound,
)
from awed.model.ids import WorkId, parse_work_id
from awed.model.records import JobRecord
from awed.model.work import Workunit
from awed.web.arguments import Parameter
from awed.web.calls import Asked, Call, Right
from awed.web.kinds import TEXT
from awed.web.params import header

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """What a request is about, the rights to it, and what would be told if it were not there."""

    thing: T
    acl: Acl
    absent: AwedError


Find = Callable[[Context, Asked], Awaitable[Found[T]]]
"""Finds the thing that a request is about, or raises what is told if it is not there."""

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


async def _metrics(context: Context, asked: Asked) -> Call[None]:
    is_named = header(asked.request, b"authorization") is not None
    if not is_named and context.metrics_for != "public":
        raise Unauthorized("No Authorization")
    is_asked = is_named or context.hosts.is_foreign(asked.request)
    user = await _user(context, asked, "read") if is_asked else User()
    if context.metrics_for == "admin":
        require_admin(user)
    return Call(asked.request, user, None)


METRICS = Right(_metrics)
"""Whom ``[Security] metrics`` allows to read numbers about everything."""


def may(verb: Verb, *, workers: bool = False) -> Right[Context, None]:
    """A user. *workers*: or a worker with the token of a client group."""

    async def grant(context: Context, asked: Asked) -> Call[None]:
        return Call(asked.request, await _user(context, asked, verb, workers=workers), None)

    return Right(grant)


def to(verb: Verb, find: Find[T], *query: Parameter) -> Right[Context, T]:
    """A user with this right to what *find* finds."""

    async def grant(context: Context, asked: Asked) -> Call[T]:
        user = await _user(context, asked, verb)
        thing, acl, absent = await find(context, asked)
        require(user, verb, acl, absent)
        return Call(asked.request, user, thing)

    return Right(grant, query)


async def a_job(context: Context, asked: Asked) -> Found[JobRecord]:
    """The job that the path names, or whose workunit it names."""
    job_id = asked.names.get("job_id") or _work_id(asked).job_id
    record = await context.engine.jobs.get(job_id)
    return Found(record, record.acl, JobNotFound(job_id))


async def a_workunit(context: Context, asked: Asked) -> Found[Workunit]:
    """The workunit that the path names, if it is queued, out or suspended."""
    work_id = _work_id(asked)
    work = await context.engine.work.get(work_id)
    return Found(work, context.engine.jobs.acl(work_id.job_id), WorkNotFound(str(work_id)))


async def a_group(context: Context, asked: Asked) -> Found[GroupRecord]:
    """The client group that the path names."""
    group_id = asked.names["group_id"]
    record = context.groups.get(group_id)
    return Found(record, record.acl, GroupNotFound(group_id))


async def _owner(context: Context, asked: Asked) -> Call[GroupRecord]:
    call = await to("write", a_group).grant(context, asked)
    require(call.user, "write", Acl(call.thing.acl.owner))
    return call


OWN_GROUP = Right(_owner)
"""The owner of the client group that the path names."""


async def _named_group(context: Context, asked: Asked) -> Found[str]:
    name = asked.params[_GROUP.name][0]
    absent = Invalid(f"clientgroup not found: {name}")
    if not context.groups.has(name):
        raise absent
    return Found(name, context.groups.acl(name), absent)


async def a_client(context: Context, asked: Asked) -> Found[Client]:
    """The client that the path names; the rights are those to its group."""
    client = context.engine.clients.get(asked.names["client_id"])
    return Found(client, context.groups.acl(client.group), ClientNotFound())


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
    group = context.engine.clients.group_of(client_id)
    if not user.group:
        require(user, right, context.groups.acl(group), ClientNotFound())
    elif user.group != group:
        raise ClientNotFound
    return Call(asked.request, user, client_id)


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
