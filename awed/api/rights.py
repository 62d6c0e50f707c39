"""The rights that calls need; each route names one. Requests are authorised here only, except for what depends on the
body: the group of a worker that registers, and changes of ACLs.

*verb*: the right that the configuration must give to an anonymous request, and for a call about a thing also the
right to that thing that the user needs. :class:`~awed.model.errors.Unauthorized` is raised if it is missing. But to
users who have no right at all to a thing it is answered as if there were no such thing, so that ids cannot be probed.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from awed.api.context import Context
from awed.api.sessions import session_authorization
from awed.auth.rights import refusal, require, require_admin
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
from awed.model.tes import CWL_STEP
from awed.model.work import Workunit
from awed.web.arguments import Parameter
from awed.web.calls import Asked, Call, Right
from awed.web.kinds import TEXT
from awed.web.params import header
from awed.wire.headers import ATTEMPT, attempt_of

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """What a request is about, its ACL, and the error that would be raised if it did not exist."""

    thing: T
    acl: Acl
    absent: AwedError


Find = Callable[[Context, Asked], Awaitable[Found[T]]]
"""Finds the thing that a request is about. Raises an error if it does not exist."""

_CLIENT = Parameter("client", "The client's id.", TEXT)
_GROUP = Parameter("clientgroup", "The jobs that the workers of this group run.", TEXT)


async def _anyone(context: Context, asked: Asked) -> Call[None]:
    return Call(asked.request, User(), None)


async def _admin(context: Context, asked: Asked) -> Call[None]:
    user = await _user(context, asked, "read")
    require_admin(user)
    return Call(asked.request, user, None)


ANYONE = Right(_anyone, everybodys=True)
"""No right is needed, and no authentication."""

ADMIN = Right(_admin)
"""The right of administrators."""


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


def may(verb: Verb, *, workers: bool = False, runners: bool = False) -> Right[Context, None]:
    """The right of any user. *workers*: also of workers with the token of a client group; *runners*: of runners with
    the token of a run."""

    async def grant(context: Context, asked: Asked) -> Call[None]:
        return Call(asked.request, await _user(context, asked, verb, workers=workers, runners=runners), None)

    return Right(grant)


def to(verb: Verb, find: Find[T], *query: Parameter) -> Right[Context, T]:
    """The right of users who have the right *verb* to what *find* finds. *query*: parameters that *find* uses."""

    async def grant(context: Context, asked: Asked) -> Call[T]:
        user = await _user(context, asked, verb)
        thing, acl, absent = await find(context, asked)
        require(user, verb, acl, absent)
        return Call(asked.request, user, thing)

    return Right(grant, query)


def to_step(verb: Verb, find: Find[JobRecord]) -> Right[Context, JobRecord]:
    """As :func:`to`, for a job that *find* finds, and for runners if that is a step of their run. They may read those
    of other runs of their user too, as whose results may do for theirs."""

    async def grant(context: Context, asked: Asked) -> Call[JobRecord]:
        user = await _user(context, asked, verb, runners=True)
        record, acl, absent = await find(context, asked)
        is_equal = verb == "read" and acl.owner == user.name and CWL_STEP in record.job.info.userattr
        if user.run and record.job.info.parent != user.run and not is_equal:
            raise absent
        require(user, verb, acl, absent)
        return Call(asked.request, user, record)

    return Right(grant)


async def a_job(context: Context, asked: Asked) -> Found[JobRecord]:
    """Finds the job that the path names, or the job of the workunit that it names."""
    job_id = asked.names.get("job_id") or _work_id(asked).job_id
    record = await context.engine.jobs.get(job_id)
    return Found(record, record.acl, JobNotFound(job_id))


async def a_head(context: Context, asked: Asked) -> Found[JobRecord]:
    """As :func:`a_job`, but the job has no tasks: for calls that need none, as there may be very many."""
    job_id = asked.names["job_id"]
    record = await context.engine.jobs.head(job_id)
    return Found(record, record.acl, JobNotFound(job_id))


async def a_workunit(context: Context, asked: Asked) -> Found[Workunit]:
    """Finds the workunit that the path names, if it is queued, checked out or suspended."""
    work_id = _work_id(asked)
    work = await context.engine.work.get(work_id)
    return Found(work, context.engine.jobs.acl(work_id.job_id), WorkNotFound(str(work_id)))


async def a_group(context: Context, asked: Asked) -> Found[GroupRecord]:
    """Finds the client group that the path names."""
    group_id = asked.names["group_id"]
    record = context.groups.get(group_id)
    return Found(record, record.acl, GroupNotFound(group_id))


async def _owner(context: Context, asked: Asked) -> Call[GroupRecord]:
    call = await to("write", a_group).grant(context, asked)
    require(call.user, "write", Acl(call.thing.acl.owner))
    return call


OWN_GROUP = Right(_owner)
"""The right of the owner of the client group that the path names, and of administrators."""


async def _named_group(context: Context, asked: Asked) -> Found[str]:
    name = asked.params[_GROUP.name][0]
    absent = Invalid(f"clientgroup not found: {name}")
    if not context.groups.has(name):
        raise absent
    return Found(name, context.groups.acl(name), absent)


async def a_client(context: Context, asked: Asked) -> Found[Client]:
    """Finds the client that the path names. Its ACL is that of its group."""
    client = context.engine.clients.get(asked.names["client_id"])
    return Found(client, context.groups.acl(client.group), ClientNotFound())


READ_NAMED_GROUP = to("read", _named_group, _GROUP)
"""The right of users who may read the client group that the query names."""


def as_client(verb: Verb) -> Right[Context, str]:
    """The right to act as the client that the query names; the thing of the call is the client's id.

    Workers with the token of the client's group have it, and users who may execute that group.
    """

    async def grant(context: Context, asked: Asked) -> Call[str]:
        if _CLIENT.name not in asked.params:
            raise Invalid("This request type requires the client=clientid parameter.")
        return await _act(context, asked, verb, asked.params[_CLIENT.name][0], "execute")

    return Right(grant, (_CLIENT,))


def as_this_client(verb: Verb, right: Verb = "execute") -> Right[Context, str]:
    """As :func:`as_client`, for the client that the path names. *right*: the right to the group that users need."""

    async def grant(context: Context, asked: Asked) -> Call[str]:
        return await _act(context, asked, verb, asked.names["client_id"], right)

    return Right(grant)


class Run(NamedTuple):
    """A client, and the workunit that its request is about."""

    client_id: str
    work: WorkId


def about_work(verb: Verb, *, holder: bool = False) -> Right[Context, Run]:
    """As :func:`as_client`, for a request about the workunit that the path names.

    *holder*: whether the client must have that workunit.
    """
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
        acl = context.groups.acl(group)
        if not acl.allows(user, right):
            raise refusal(user, acl, ClientNotFound())
    elif user.group != group:
        raise ClientNotFound
    return Call(asked.request, user, client_id)


def to_files(verb: Verb) -> Right[Context, None]:
    """The right of any user, with the token of a job too. The node store checks the right to each node itself."""

    async def grant(context: Context, asked: Asked) -> Call[None]:
        try:
            return Call(asked.request, await _user(context, asked, verb, files=True, runners=True), None)
        except UnknownCredentials:
            raise Invalid("Invalid authorization header or content") from None  # status and text of Shock

    return Right(grant)


def to_node(verb: Verb) -> Right[Context, None]:
    """As :func:`to_files`, and the right *verb* to the node that the path names: for calls with files, which would
    otherwise be received before the node store checks that right."""
    files = to_files(verb)

    async def grant(context: Context, asked: Asked) -> Call[None]:
        call = await files.grant(context, asked)
        await context.nodes.require(asked.names["node_id"], call.user, verb)
        return call

    return Right(grant)


async def _user(
    context: Context,
    asked: Asked,
    verb: Verb,
    *,
    workers: bool = False,
    files: bool = False,
    runners: bool = False,
) -> User:
    """The user of a request. *workers*: whether tokens of client groups are accepted; *files*: those of jobs;
    *runners*: those of runs."""
    users = context.file_users if files else context.authenticators
    authorization, peer = header(asked.request, b"authorization"), context.hosts.peer(asked.request)
    if authorization is None:
        if context.hosts.is_foreign(asked.request):
            raise Unauthorized(
                "No Authorization: pages of other sites are nobody here, see [Security] allowed_origins"
            )
        authorization = session_authorization(context, asked.request)
    user = await users.user(authorization, verb, address=peer, workers=workers, runners=runners)
    _require_latest(context, asked, user)
    return user


def _require_latest(context: Context, asked: Asked, user: User) -> None:
    """Raises :class:`~awed.model.errors.StaleAttempt` if the command that makes a request runs once more elsewhere:
    its worker was given up. Else one runner of a run would end what the other one makes."""
    told = header(asked.request, ATTEMPT.encode())
    if told is not None:
        work_id, attempt = attempt_of(told)
        if context.engine.jobs.allows(user, "read", work_id.job_id):
            context.engine.work.require_latest(work_id, attempt)


def _work_id(asked: Asked) -> WorkId:
    return parse_work_id(asked.names["work_id"])
