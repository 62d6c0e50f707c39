"""The whole API in memory: real resources, a real engine, a store in memory, and time that moves when told to."""

from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport
from zope.interface import implementer

from awed.api.assembly import RESOURCES, make_root
from awed.api.context import NO_LIMIT, About, Context
from awed.api.hosts import OwnHosts
from awed.api.reading import Reading
from awed.api.root import PAGE
from awed.auth.chain import Authenticators
from awed.auth.interface import IAuthenticator
from awed.auth.sessions import Sessions
from awed.auth.tokens import RUN, AdminToken, JobTokens
from awed.daemon.debug import Debug
from awed.model.access import Account, Session, User, Verb
from awed.model.errors import Invalid
from awed.model.job import OWN_HOST
from awed.nodes.addresses import LETTERS, Addresses
from awed.nodes.own import OwnShock
from awed.scheduler.state import Limits
from awed.service.engine import Engine
from awed.service.feed import Keep
from awed.service.files import Access
from awed.service.groups import Groups
from awed.service.hooks import Hooks
from awed.service.livelogs import LiveLogs
from awed.service.shell import KEEP, Shell
from awed.shock.interface import IShock
from awed.store.interface import IStore
from awed.ui.assembly import UiResource
from awed.web.body import Bodies, requests_with
from awed.web.channel import ApiChannel
from awed.web.form import Spool
from awed.wes.resource import GA4GH
from awed.workflow.reader import NO_LIMITS, DocumentLimits
from tests.unit.nodes.world import World
from tests.unit.store.memory import MemoryStore
from tests.unit.web.traversal import at_once
from tests.unit.web.wire import Reply, call, connect, is_whole, message, parse

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 20, 41, 5, tzinfo=UTC)
MAX_LOG = 1000
BOUNDARY = "-----------------------------7d"


@implementer(IAuthenticator)
class ByName:
    """Believes what an Authorization header says: ``user`` and a name, of which ``root`` is an admin and ``nobody``
    unknown, or ``group`` and a name for a worker of that group. What it does not believe are tokens of jobs."""

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        if scheme == "group":
            return User("", group=credentials)
        if scheme in ("session", "bearer") or credentials == "nobody":
            return None
        return User(credentials, admin=credentials == "root")


async def metrics(user: User) -> bytes:
    """A page for Prometheus."""
    return b"up 1\n"


async def user_named(name: str) -> tuple[User, datetime | None]:
    """As :class:`ByName` knows the user, who has no account."""
    return User(name, admin=name == "root"), None


class Receiver:
    """What hooks send to. *status*: what it answers; 0: it breaks the connection."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes, dict[str, str]]] = []
        self.status = 200

    async def check(self, url: str) -> None:
        if "inside" in url:
            raise Invalid("the host has no public address, and [Security] fetch_inside allows no others")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.received.append((url, body, dict(headers)))
        if not self.status:
            raise ConnectionRefusedError("connection refused")
        return self.status


class Served:
    """An API to make requests to. With a *store* that is open and answers later it must be :meth:`started`, and is
    asked, not called."""

    def __init__(
        self,
        directory: Path,
        *,
        client_auth_required: bool = False,
        anonymous: Collection[Verb] = ("read", "write", "delete"),
        metrics_for: str = "public",
        keep: Keep = KEEP,
        store: IStore | None = None,
        limits: DocumentLimits = NO_LIMITS,
        max_document: int = 64 << 20,
    ) -> None:
        self.clock = Clock()
        self.store = store or MemoryStore()
        shell = Shell(
            store=self.store,
            shock_for=self._shock_for,
            limits=Limits(),
            reactor=self.clock,
            now=self.now,
            live_logs=LiveLogs(directory / "livelogs", 100, at_once, self.clock),
            in_thread=at_once,
            keep=keep,
        )
        self.engine = Engine(shell)
        if store is None:
            done(self.store.open())
            done(self.started())
        tokens = (f"token-{number}" for number in count(1))
        self.groups = Groups(self.engine.commit, self.now, lambda: next(tokens), self.engine.clients.set_group)
        self.receiver = Receiver()
        self.hooks = Hooks(
            store=self.store,
            commit=self.engine.commit,
            events=self.engine.events,
            group_acl=self.groups.acl,
            user=user_named,
            post=self.receiver.post,
            check=self.receiver.check,
            clock=self.clock,
            now=self.now,
        )
        self.levels: list[int] = []
        self.debug = Debug(0, self.levels.append)
        self.world = World(directory)
        self.sessions = self._sessions(count(1))
        self.job_tokens = JobTokens("key", self.engine.jobs.user_of)
        self.run_tokens = JobTokens("key", self.engine.jobs.runner_of, RUN)
        users = Authenticators([self.run_tokens, self.sessions, ByName()], anonymous)
        self.context = Context(
            engine=self.engine,
            groups=self.groups,
            hooks=self.hooks,
            authenticators=users,
            file_users=Authenticators([self.job_tokens, self.run_tokens, self.sessions, ByName()], anonymous),
            sessions=self.sessions,
            nodes=self.world.store,
            addresses=Addresses(self.world.files, self.world.store, at_once, self.now, lambda: LETTERS[:20]),
            hosts=OwnHosts(""),
            in_thread=at_once,
            reading=Reading(at_once),
            turns=self.engine.turns,
            now=self.now,
            job_token="token of {}".format,
            run_token=self.run_tokens.make,
            debug=self.debug,
            metrics=metrics,
            metrics_for=metrics_for,
            collections={**RESOURCES, PAGE: UiResource, **GA4GH},
            about=About(),
            client_auth_required=client_auth_required,
            document_limits=limits,
            max_upload=NO_LIMIT,
            max_log=MAX_LOG,
        )
        self.root = make_root(self.context)
        self._requests = requests_with(Bodies(Spool(directory, at_once), max_document), self.root.traits)

    def _shock_for(self, host: str, access: Access) -> IShock:
        assert host == OWN_HOST, f"asked for the nodes of {host}"
        return OwnShock(self.world.store, access.owner)

    def _sessions(self, numbers: Iterator[int]) -> Sessions:
        async def account(name: str) -> Account | None:
            return await self.store.one(Account, id=name)

        return Sessions(
            find=lambda id: self.store.one(Session, id=id),
            page=partial(self.store.page, Session),
            account=account,
            admin=AdminToken("secret"),
            commit=self.engine.commit,
            now=self.now,
            new_token=lambda: f"session-{next(numbers)}",
            key="key",
        )

    async def started(self) -> None:
        """Take in what the store holds."""
        await self.engine.start()

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock.seconds())

    def call(
        self,
        method: str,
        path: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        body: bytes = b"",
        user: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The answer to one request of *user*; *files* are sent as a form."""
        head, body = _sent(files, body, user, headers)
        return call(self.root, method, path, head, body, request_factory=self._requests)

    async def ask(
        self,
        method: str,
        path: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        user: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The same, where the store answers later."""
        connection, transport = self.connect()
        connection.dataReceived(message(method, path, *_sent(files, b"", user, headers)))
        while not is_whole(transport.value()):
            await deferLater(reactor, 0)
        return parse(transport.value())

    def connect(self) -> tuple[ApiChannel, StringTransport]:
        """A connection that stays, and what it sends."""
        return connect(self.root, self._requests)

    def submit(self, document: object, user: str = "") -> dict[str, Any]:
        """Submit a job."""
        job: dict[str, Any] = data(self.call("POST", "/job", {"upload": msgspec.json.encode(document)}, user=user))
        return job

    def register(self, **profile: object) -> dict[str, Any]:
        """Register a worker."""
        body = {"profile": msgspec.json.encode({"apps": ["*"], **profile})}
        client: dict[str, Any] = data(self.call("POST", "/client", body))
        return client


def _sent(
    files: Mapping[str, str | bytes] | None, body: bytes, user: str, headers: Mapping[str, str] | None
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request."""
    head = dict(headers or {})
    if user:
        head["Authorization"] = user if " " in user else f"user {user}"
    if files is None:
        return head, body
    head["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
    return head, form(files.items())


def data(reply: Reply) -> Any:
    """What an answer to a request that was done holds."""
    assert reply.status == 200, reply.body
    return reply.json["data"]


def fault(reply: Reply, status: int = 400) -> str:
    """The one text of an answer to a request that was refused."""
    assert (reply.status, reply.json["status"], reply.json["data"]) == (status, status, None)
    (text,) = reply.json["error"]
    return str(text)


def done(work: Awaitable[T]) -> T:
    """What an awaitable that does not wait comes to."""

    async def wait() -> T:
        return await work

    results: list[T] = []
    Deferred.fromCoroutine(wait()).addCallback(results.append)
    return results[0]


def form(parts: Iterable[tuple[str, str | bytes]]) -> bytes:
    """A multipart body in which every part is a file."""
    lines: list[bytes] = []
    for name, content in parts:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
        lines += [head.encode(), content.encode() if isinstance(content, str) else content, b"\r\n"]
    return b"".join([*lines, f"--{BOUNDARY}--\r\n".encode()])
