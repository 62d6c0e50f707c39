"""Random lives of jobs and clients: whatever happens in whatever order, the scheduler's books balance.

The machine plays client programs and people. Restarts go through a store in memory: a new scheduler starts from
exactly the records that the batches of the old one left.
"""

import copy
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from awed.model.attempts import Cause, Retry
from awed.model.errors import AwedError, StaleAttempt
from awed.model.ids import new_id
from awed.model.job import IO, NO_NODE, OWN_HOST
from awed.model.records import DeleteNodes
from awed.model.resources import Said
from awed.model.work import Workunit
from awed.scheduler import reservations
from awed.scheduler.changes import Check, Effect, Prepare
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.core import Scheduler
from awed.scheduler.jobs import downstream, stored_entry
from awed.scheduler.requirements import Spare
from awed.scheduler.shares import Most
from awed.scheduler.state import Limits
from awed.scheduler.tasks import Prepared
from tests.unit.scheduler.builders import World, check_invariants, job, task
from tests.unit.store.memory import MemoryStore

T = TypeVar("T")

RETRIES = [
    Retry(),
    Retry(),
    Retry(exit=3, wait=5),
    Retry(memory=3, time=1, lost=0, wait_max=3, wait="2s", time_factor=2),
]
"""What tasks say of further tries."""

NOTHING = Prepared([], [], [], 1)

CHECKOUT_TEXTS = {
    "No eligible workunit found",
    "Server queue is empty",
    "Server queue is suspended",
    "Client not found",
    "Client busy",
    "Client suspended",
}


def done(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a store in memory answers, which it does at once."""
    return cast(T, Deferred.fromCoroutine(coroutine).result)


class SchedulerMachine(RuleBasedStateMachine):
    jobs = Bundle("jobs")
    clients = Bundle("clients")
    units = Bundle("units")

    @initialize(
        target=clients,
        fair=st.booleans(),
        user=st.sampled_from([Most(), Most(), Most(work=2), Most(cores=2.5)]),
        group=st.sampled_from([Most(), Most(), Most(work=2), Most(cores=3)]),
    )
    def begin(self, fair: bool, user: Most, group: Most) -> object:
        limits = Limits(max_work_failure=2, retry_lost=2, max_client_failure=2, heartbeat=30, tasks_at_once=2)
        self.world = World(replace(limits, fair_share=fair, user_out=user, group_out=group))
        self.store = MemoryStore()
        done(self.store.open())
        self.effects: list[Effect] = []
        return multiple(self.world.client("c0", "g"), self.world.client("c1", "h", slots=2))

    @property
    def scheduler(self) -> Scheduler:
        return self.world.scheduler

    @rule(
        target=jobs,
        widths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
        edges=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4),
        with_files=st.sampled_from([False, False, True]),
        groups=st.sampled_from(["", "g", "h", "g,h"]),
        priority=st.integers(1, 3),
        walltime=st.sampled_from([0, 0, 60]),
        needs=st.sampled_from([{}, {}, {"cores": 2}, {"cores": 0.3}, {"memory": "1G"}, {"x": 1}]),
        retry=st.sampled_from(RETRIES),
        user=st.sampled_from(["public", "u", "v"]),
    )
    def submit(
        self,
        *,
        widths: list[int],
        edges: list[tuple[int, int]],
        with_files: bool,
        groups: str,
        priority: int,
        walltime: int,
        needs: Said,
        retry: Retry,
        user: str,
    ) -> str:
        after = {n: sorted({str(a) for a, b in edges if b == n and a < n}) for n in range(len(widths))}
        tasks = [
            task(
                str(n),
                *after[n],
                work=width,
                outputs=["out"] if with_files else [],
                walltime=walltime,
                needs=needs if n % 2 else {},
            )
            for n, width in enumerate(widths)
        ]
        tasks[0].retry = retry
        return self.world.submit(job(*tasks, groups=groups, priority=priority), user=user).id

    @rule(
        target=clients,
        group=st.sampled_from(["", "g"]),
        apps=st.sampled_from([["*"], ["*"], ["app"], ["x"]]),
        slots=st.integers(1, 2),
        number=st.integers(0, 3),
        offers=st.sampled_from([None, {"cores": 2.0}, {"cores": 3.0, "memory": 1 << 30, "x": 1}, {"cores": 0.5}]),
    )
    def register(
        self, number: int, group: str, apps: list[str], slots: int, offers: dict[str, int | float] | None
    ) -> str:
        known = self.scheduler._state.clients
        name = f"c{number}"
        held = [*known[name].held] if name in known else []
        return self.world.client(name, group, apps, slots, held[:1], offers=offers)

    @rule(target=units, turn=st.integers(0, 5))
    def take(self, turn: int) -> object:
        return self.checkout(turn) or multiple()

    @rule(
        target=units,
        number=st.integers(0, 3),
        most=st.integers(1, 4),
        available=st.none() | st.just(10),
        time_left=st.none() | st.just(30),
        ahead=st.sampled_from([0, 0, 1]),
    )
    def take_many(self, number: int, most: int, available: int | None, time_left: int | None, ahead: int) -> object:
        now = self.world.now
        spare = Spare(available, now.seconds + time_left if time_left else None)
        try:
            taken = self.scheduler.work.checkout_many(f"c{number}", spare, most, now, ahead)
        except AwedError as error:
            assert str(error) in CHECKOUT_TEXTS
            return multiple()
        assert 1 <= len(taken) <= most
        assert time_left is None or not any(unit.walltime for unit in taken)
        client = self.scheduler.clients.get(f"c{number}")
        self.fits_together(client, taken, ahead)
        self.within_shares(client, taken)
        return multiple(*copy.deepcopy(taken))

    def within_shares(self, client: ClientEntry, taken: list[Workunit]) -> None:
        """What was just handed out is within what its users, and the client's group, may have out."""
        for share in {client.share, *(client.held[unit.wuid].share for unit in taken)}:
            assert share.work <= share.most.work
            assert share.cores <= share.most.cores

    def fits_together(self, client: ClientEntry, taken: list[Workunit], ahead: int) -> None:
        """Nothing was handed out that does not fit beside the rest, but for plain work ahead of that."""
        if client.counts_resources:
            least = dict.fromkeys(client.stock.free, 0.0) | {"cores": -float(ahead)}
            asked = {name for unit in taken for name in {"cores": 1, **(unit.resources or {})}}
            assert all(client.stock.free[name] >= least[name] for name in asked)

    def checkout(self, turn: int) -> Workunit | None:
        """Some client that gets work, if any does, takes some."""
        if not self.scheduler._state.jobs:
            self.world.submit(job(task("0", work=3), task("1", "0", outputs=["out"])))
        names = list(self.scheduler._state.clients)
        for name in names[turn:] + names[:turn]:
            try:
                unit = self.world.checkout(name)
                self.within_shares(self.scheduler.clients.get(name), [unit])
                return copy.deepcopy(unit)
            except AwedError as error:
                assert str(error) in CHECKOUT_TEXTS
                if str(error) == "Client not found":
                    held = self.scheduler._state.clients[name].held
                    self.world.client(name, "g", work=[*held][turn:])
        return None

    @rule(times=st.integers(1, 5), turn=st.integers(0, 5), status=st.sampled_from(["done", "done", "fail"]))
    def work(self, times: int, turn: int, status: str) -> None:
        """Take and report some work at once, answering effects on the way."""
        for _ in range(times):
            unit = self.checkout(turn)
            if isinstance(unit, Workunit):
                self.report(unit, status, True)
            self.books_balance()
            self.answer_effect(0, True)

    @rule(
        unit=units,
        status=st.sampled_from(["done", "done", "done", "fail", "fail", "discarded"]),
        names_attempt=st.booleans(),
        cause=st.sampled_from(Cause),
    )
    def report(self, unit: Workunit, status: str, names_attempt: bool, cause: Cause = Cause.EXIT) -> None:
        attempt, why = unit.attempt if names_attempt else None, cause if status == "fail" else None
        try:
            self.world.report(unit, status, attempt=attempt, cause=why)
        except StaleAttempt:
            assert names_attempt
        except AwedError as error:
            assert str(error) == "Client not found"

    @rule()
    def go_on(self) -> None:
        if self.scheduler.is_sweeping:
            self.scheduler.go_on(self.world.now)

    @rule(choice=st.integers(0, 5), works=st.sampled_from([True, True, True, False]))
    def answer_effect(self, choice: int, works: bool) -> None:
        if not self.effects:
            return
        effect = self.effects.pop(choice % len(self.effects))
        tasks, now = self.scheduler.tasks, self.world.now
        if isinstance(effect, DeleteNodes):
            tasks.deleted(effect)
            return
        found = tasks.get(effect)
        if isinstance(effect, Prepare):
            files = (
                Prepared(found.inputs, self.made(found.outputs), found.predata, found.totalwork) if found else NOTHING
            )
            if works:
                tasks.prepared(effect, files, now)
            else:
                tasks.failed(effect, "no such node", now)
        elif isinstance(effect, Check):
            if works:
                tasks.checked(effect, found.outputs if found else [], now)
            else:
                ranks = range(0 if found and found.totalwork == 1 else 1, 2 if found and found.totalwork > 1 else 1)
                tasks.outputs_missing(effect, ranks, "missing: out", now)

    def made(self, outputs: list[IO]) -> list[IO]:
        """The same files with nodes."""
        return [replace(io, host=OWN_HOST, node=new_id()) if io.node == NO_NODE else io for io in outputs]

    @rule(
        job=jobs,
        verb=st.sampled_from(
            ["suspend", "suspend", "resume", "resume", "resume", "requeue", "delete", "delete_full"]
        ),
    )
    def steer(self, job: str, verb: str) -> None:
        jobs, now = self.scheduler.jobs, self.world.now
        try:
            if verb == "suspend":
                jobs.suspend(job, now)
            elif verb == "resume":
                jobs.resume(job, now)
            elif verb == "requeue":
                entry = jobs.get(job)
                entry.job.info.priority += 1
                jobs.requeue(entry, now)
            else:
                jobs.delete(job, now, full=verb == "delete_full")
        except AwedError as error:
            assert job in str(error)

    @rule(job=jobs, number=st.integers(0, 3))
    def run_again(self, job: str, number: int) -> None:
        self.commit()
        kept = done(self.store.load_job(job))
        if kept is None or kept.jobs[0].job.state not in ("completed", "suspend"):
            return
        if kept.jobs[0].job.state == "completed":
            entry = stored_entry(kept.jobs[0], kept.tasks, [])
            self.scheduler.jobs.adopt(entry, self.world.now)
        else:
            entry = self.scheduler.jobs.get(job)
        if number:
            first = number % len(entry.tasks)
            self.scheduler.jobs.recompute(first, downstream(entry.tasks[first]), [], entry, self.world.now)
        else:
            self.scheduler.jobs.resubmit(entry, self.world.now)

    @rule(client=clients, verb=st.sampled_from(["beat", "beat_list", "suspend", "resume", "remove"]))
    def client_verb(self, client: str, verb: str) -> None:
        clients, now = self.scheduler.clients, self.world.now
        try:
            if verb == "beat":
                clients.heartbeat(client, None, now)
            elif verb == "beat_list":
                clients.heartbeat(client, [*clients.get(client).held][:1], now)
            elif verb == "suspend":
                clients.suspend(client, now)
            elif verb == "resume":
                clients.resume(client)
            else:
                clients.remove(client, now)
        except AwedError as error:
            assert str(error) in ("Client not found", "Client not suspended")

    @rule(seconds=st.sampled_from([1, 20, 31]))
    def pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)
        self.scheduler.clients.remove_lost(self.world.now)

    @rule(seconds=st.integers(1, 12))
    def live(self, seconds: int) -> None:
        """Time passes as in the daemon: pauses end."""
        clients = self.scheduler._state.clients
        self.world.live(seconds, *[name for name, entry in clients.items() if entry.confirmed])

    @rule(seconds=st.sampled_from([-86400, -60, 60, 86400]))
    def set_clock(self, seconds: int) -> None:
        self.world.set_clock(seconds)

    @rule(suspended=st.sampled_from([True, False, False, False]))
    def suspend_queue(self, suspended: bool) -> None:
        (self.scheduler.suspend_queue if suspended else self.scheduler.resume_queue)(self.world.now)

    @rule()
    def commit(self) -> None:
        """What is to be deleted is stored until it is."""
        self.store.commit(self.scheduler.take_changes())
        deletions = {effect.id for effect in self.effects if isinstance(effect, DeleteNodes)}
        assert {deletion.id for deletion in done(self.store.load()).deletions} == deletions

    @rule(crash=st.booleans())
    def restart(self, crash: bool) -> None:
        if not crash:
            self.commit()
        self.effects = []
        self.world.scheduler = Scheduler(self.scheduler._state.limits)
        self.world.scheduler.restore(done(self.store.load()), self.world.now)

    @invariant()
    def books_balance(self) -> None:
        check_invariants(self.scheduler)
        self.effects += self.scheduler.take_effects()

    def teardown(self) -> None:
        """Everything that is left can be driven to its end."""
        if not hasattr(self, "world"):
            return
        self.scheduler.resume_queue(self.world.now)
        for turn in range(500):
            self.go_on()
            while self.effects:
                self.answer_effect(0, True)
                self.books_balance()
            for entry in list(self.scheduler._state.jobs.values()):
                if entry.job.state == "suspend":
                    self.scheduler.jobs.resume(entry.job.id, self.world.now)
            self.books_balance()
            if not self.scheduler._state.jobs:
                return
            name = self.world.client(f"finisher{turn}", "h" if turn % 2 else "g")
            try:
                self.world.run(name)
            except AwedError:
                self.world.pass_time(60)
                self.scheduler.tick(self.world.now)
            self.books_balance()
        raise AssertionError(f"not finished: {[entry.job for entry in self.scheduler._state.jobs.values()]}")


@pytest.fixture(autouse=True, scope="module")
def _hasty() -> Iterator[None]:
    """Clients are kept for large work soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reservations, "PASSES", 1)
        yield


SchedulerMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=60, deadline=None)
TestScheduler = SchedulerMachine.TestCase


class ManyLives(SchedulerMachine):
    """The same, for longer."""


ManyLives.TestCase.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
TestManyLives = pytest.mark.slow(ManyLives.TestCase)
