"""An engine on a store in memory, with a clock that the test turns, and a Shock that the test plays."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from awed.model import ids
from awed.model.access import User
from awed.model.client import Client
from awed.model.errors import NotFound, StoreAway, Unavailable
from awed.model.job import Job
from awed.model.node import Node, NodeFile, NodeIndex
from awed.model.records import Batch
from awed.model.work import Report, ReportStatus, Workunit
from awed.scheduler.state import Limits
from awed.service.committer import Soon
from awed.service.committer import at_once as soon_at_once
from awed.service.engine import Engine
from awed.service.files import Access
from awed.service.livelogs import LiveLogs
from awed.service.observer import Observer
from awed.service.shell import Shell
from awed.shock.interface import IShock
from awed.workflow.submission import Submission
from tests.unit.store.memory import MemoryStore
from tests.unit.web.traversal import at_once

T0 = datetime(2026, 1, 1, tzinfo=UTC)


class GatedStore(MemoryStore):
    """A memory store whose commits the test can hold back, or let fail."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        self.gate: Deferred[None] | None = None
        self.away = False

    async def commit(self, batch: Batch) -> None:
        if self.away:
            raise StoreAway("no database")
        if self.gate is not None:
            await self.gate
        self.batches.append(batch)
        await super().commit(batch)

    def hold(self) -> None:
        self.gate = Deferred()

    def let_go(self) -> None:
        gate, self.gate = self.gate, None
        assert gate is not None
        gate.callback(None)


@implementer(IShock)
class FakeShock:
    """Nodes in a dictionary. *away* makes every call fail as a dead host does."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.owners: list[str] = []
        """As whom it was asked, each time."""
        self.away = False

    def put(self, size: int = 1, md5: str = "") -> str:
        checksum = {"md5": md5} if md5 else {}
        node = Node(id=ids.new_id(), file=NodeFile(size=size, created_on=T0, checksum=checksum))
        self.nodes[node.id] = node
        return node.id

    def deliver(self, node_id: str, size: int = 1, md5: str = "") -> None:
        checksum = {"md5": md5} if md5 else {}
        self.nodes[node_id].file = NodeFile(size=size, created_on=T0, checksum=checksum)

    async def node(self, node_id: str) -> Node:
        self._call()
        if node_id not in self.nodes:
            raise NotFound("Node not found")
        return self.nodes[node_id]

    async def create(self, parts: int, file_name: str) -> Node:
        self._call()
        node = Node(id=ids.new_id())
        self.nodes[node.id] = node
        return node

    async def copy(self, node_id: str, source: str) -> Node:
        self._call()
        self.nodes[node_id].file = self.nodes[source].file
        return self.nodes[node_id]

    async def index(self, node_id: str, index: str) -> NodeIndex:
        self._call()
        return self.nodes[node_id].indexes.setdefault(index, NodeIndex(total_units=1))

    async def delete(self, node_id: str) -> None:
        self._call()
        self.nodes.pop(node_id, None)

    def _call(self) -> None:
        if self.away:
            raise Unavailable("shock.example does not answer")


class Told(Observer):
    """Remembers the codes of the events that were told."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def committed(self, batch: Batch, seconds: float) -> None:
        self.codes += [event.code for event in batch.events]


class EngineWorld:
    """The engine and what stands around it. :meth:`restart` makes a new engine on the same store."""

    def __init__(self, limits: Limits | None = None, soon: Soon = soon_at_once) -> None:
        self.limits = limits or Limits()
        self.soon = soon
        self.folder = TemporaryDirectory()
        self.store = GatedStore()
        self.shock = FakeShock()
        self.clock = Clock()
        self.told = Told()
        self.engine = self._new_engine()

    def _new_engine(self) -> Engine:
        shell = Shell(
            store=self.store,
            shock_for=self._shock_for,
            limits=self.limits,
            reactor=self.clock,
            now=self.now,
            live_logs=LiveLogs(Path(self.folder.name), 100, at_once, self.clock),
            in_thread=at_once,
            patience=10.0,
            soon=self.soon,
            observer=self.told,
        )
        return Engine(shell)

    def now(self) -> datetime:
        return T0 + timedelta(seconds=self.clock.seconds())

    def spooled(self) -> list[str]:
        """The files of logs of commands that run."""
        return [path.name for path in Path(self.folder.name).iterdir()]

    async def start(self) -> None:
        await self.store.open()
        await self.engine.start()

    async def restart(self) -> None:
        """As after a kill: the new engine knows what the store knows."""
        self.engine = self._new_engine()
        await self.engine.start()

    def _shock_for(self, host: str, access: Access) -> FakeShock:
        if isinstance(self.shock, FakeShock):
            self.shock.owners.append(access.owner)
        return self.shock

    async def submit(self, submission: Submission, token: str = "") -> Job:
        return await self.engine.jobs.submit(submission, User(), token)

    async def client(self, name: str, *work: str, slots: int = 1, group: str = "") -> str:
        await self.engine.clients.register(Client(id=name, apps=["*"], slots=slots, group=group), work)
        return name

    async def report(self, unit: Workunit, status: str = "done", attempt: int | None = None) -> None:
        await self.engine.work.report(Report(unit.wuid, unit.client, ReportStatus(status), attempt=attempt))

    async def run(self, name: str) -> Workunit:
        unit = await self.engine.work.checkout(name, None)
        await self.report(unit)
        return unit


def state_of(awaitable: Awaitable[object]) -> Deferred[object]:
    """Start something that waits, so that the test can look at how far it is."""
    return Deferred.fromCoroutine(awaitable)  # type: ignore[arg-type]
