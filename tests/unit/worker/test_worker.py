"""The worker's conversation with its server: work comes, is reported, is taken away; the server goes and comes.

The server is a fake in memory, runs end when a test says so, and time is a Clock's.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from awed.client.asynchronous import Server
from awed.model.work import Perf, ReportStatus, Workunit
from awed.tx.locks import Condition
from awed.wire.clients import Profile
from awed.worker.errors import WorkerRefused
from awed.worker.journal import Journal
from awed.worker.lifetime import LAST, MARGIN, Lifetime
from awed.worker.logs import LogFiles
from awed.worker.machine import Allotment, Machine
from awed.worker.outage import Outage
from awed.worker.outbox import Outbox
from awed.worker.report import Finished
from awed.worker.runs import PATIENCE, Prefetch
from awed.worker.workdir import MIN_FREE
from awed.worker.worker import BACKLOG, FAREWELL, Worker
from tests.conftest import LoggedErrors
from tests.unit.worker.builders import CLIENT, workunit
from tests.unit.worker.fake import FakeServer, data, garbage, judged, refused


class World:
    """A worker with *slots* and *limits* of its lifetime, its server, its clock, and what runs."""

    def __init__(
        self,
        directory: Path,
        slots: int = 1,
        prefetch: int | None = None,
        fake: FakeServer | None = None,
        **limits: float,
    ) -> None:
        self.directory = directory
        self.slots = slots
        self.prefetch = prefetch
        self.limits = limits
        self.fake = fake or FakeServer()
        self.clock = Clock()
        self.running: dict[tuple[str, int], Deferred[ReportStatus]] = {}
        self.available = 1 << 30
        self.logs = LogFiles(directory, Path.unlink)
        self.begin()

    async def room(self) -> int:
        return self.available

    def begin(self) -> None:
        """Start the worker, or another one in its place."""
        changed = Condition()
        outage = Outage(self.clock, lambda: 1.0)
        server = Server(self.fake, self.clock, "http://server", answered=outage.over)
        self.worker = Worker(
            profile=Profile(CLIENT, "alpha", "grp", apps=["*"], slots=self.slots),
            server=server,
            outage=outage,
            outbox=Outbox(Journal(self.directory / "reports"), server, CLIENT, outage, delivered=changed.notify),
            changed=changed,
            run=self._run,
            logs=self.logs,
            machine=Machine({"cores": self.slots}, self.slots),
            prefetch=Prefetch(self.prefetch),
            room=self.room,
            lifetime=Lifetime(self.clock, **self.limits),
            clock=self.clock,
        )
        self.worker.startService()

    async def _run(self, work: Workunit, allotment: Allotment) -> Finished:
        key = (work.wuid, work.attempt)
        self.running[key] = Deferred()
        try:
            status = await self.running[key]
        except CancelledError:
            status = ReportStatus.DISCARDED
        del self.running[key]
        return Finished(work.wuid, work.attempt, status, Perf(), exitstatus=2 if status is ReportStatus.FAIL else 0)

    def finish(self, work: Workunit, status: ReportStatus = ReportStatus.DONE) -> None:
        self.running[work.wuid, work.attempt].callback(status)

    def give(self, *works: Workunit) -> None:
        """To checkouts of their own."""
        for work in works:
            self.fake.hand_out(work)

    def asked_for(self) -> int:
        """How many workunits the last checkout asked for."""
        return int(self.fake.of("checkout")[-1].query["max"])

    def reports(self) -> list[tuple[str, str, str]]:
        """Path, status and attempt of each report that the server got."""
        return [
            (report["wuid"], report["status"], str(report["attempt"]))
            for asked in self.fake.of("report")
            for report in asked.reports
        ]

    def registered_with(self) -> list[list[str]]:
        """What each registration said is still here."""
        return [json.loads(asked.parts["profile"])["current_work"]["data"] for asked in self.fake.of("register")]

    @property
    def left(self) -> bool:
        return bool(self.worker.left.called)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.worker.abandon()  # Coroutines that are dropped in the middle wake each other when they are collected.


A, B, C, D = (workunit(task=name) for name in "abcd")


# Work comes and is reported.


def test_it_registers_asks_runs_reports_and_asks_again(world: World) -> None:
    assert world.fake.kinds() == ["register", "checkout"]
    world.give(A)
    assert list(world.running) == [(A.wuid, 1)]
    assert world.fake.kinds() == ["register", "checkout"]
    world.finish(A)
    assert world.fake.kinds() == ["register", "checkout", "report", "checkout"]
    assert world.reports() == [(A.wuid, "done", "1")]


def test_it_asks_as_long_as_it_has_room_and_one_question_is_out_at_a_time(tmp_path: Path) -> None:
    world = World(tmp_path, slots=2)
    world.give(A)
    assert len(world.fake.polls) == 1
    world.give(B)
    assert len(world.running) == 2
    assert world.fake.polls == []
    world.finish(A)
    world.give(C)
    assert {wuid for wuid, _ in world.running} == {B.wuid, C.wuid}


def test_the_next_work_is_asked_for_before_the_last_report_is_acknowledged(world: World) -> None:
    world.give(A)
    world.fake.script("report", Deferred())
    world.finish(A)
    assert len(world.fake.polls) == 1


def test_a_worker_that_cannot_deliver_takes_no_work_after_a_while(world: World) -> None:
    world.fake.script("report", Deferred())
    for number in range(BACKLOG):
        assert len(world.fake.polls) == 1
        work = workunit(task=str(number))
        world.give(work)
        world.finish(work)
    world.give(A)
    assert world.fake.polls == []


@pytest.mark.parametrize("text", ["Client busy", "Server queue is empty", "Client suspended"])
def test_a_server_that_does_not_hold_its_answer_is_not_asked_at_once(world: World, text: str) -> None:
    world.give(A)
    world.fake.script("checkout", *[refused(text)] * 3)
    world.finish(A)
    asked = len(world.fake.of("checkout"))
    world.clock.advance(0.9)
    assert len(world.fake.of("checkout")) == asked
    world.clock.pump([0.5] * 8)
    assert len(world.fake.of("checkout")) == asked + 3


def test_an_answer_that_was_held_back_is_followed_by_the_next_question(world: World) -> None:
    world.clock.advance(55)
    world.fake.polls.pop().callback(refused("No eligible workunit found"))
    assert len(world.fake.polls) == 1


def test_work_that_cannot_be_read_is_failed_and_costs_no_slot(world: World) -> None:
    world.fake.polls.pop().callback(data([{"wuid": "w", "attempt": 2, "cmd": []}]))
    assert world.reports() == [("w", "fail", "2")]
    assert "cannot read the workunit" in world.fake.of("report")[0].reports[0]["worknotes"]
    assert len(world.fake.polls) == 1


def test_a_fault_in_running_is_reported_as_a_failure(world: World, logged_errors: LoggedErrors) -> None:
    world.give(A)
    world.running[A.wuid, 1].errback(ZeroDivisionError("oops"))
    assert logged_errors.flush(ZeroDivisionError)
    assert world.reports() == [(A.wuid, "fail", "1")]
    assert "a fault of the worker: ZeroDivisionError" in world.fake.of("report")[0].reports[0]["worknotes"]


def test_with_a_full_disk_it_takes_no_work_and_says_so_until_there_is_room(world: World) -> None:
    world.give(A)
    world.available = MIN_FREE - 1
    world.finish(A)
    world.clock.advance(10)
    assert world.fake.polls == []
    beat = json.loads(world.fake.of("heartbeat")[-1].body)
    assert (beat["healthy"], beat["error_message"]) == (
        False,
        f"only {MIN_FREE - 1} bytes are free in the work directory",
    )
    world.available = MIN_FREE
    world.clock.pump([10.0] * 2)
    assert len(world.fake.polls) == 1
    assert json.loads(world.fake.of("heartbeat")[-1].body)["healthy"]


def test_the_log_says_when_long_work_begins_and_why_it_fails(world: World) -> None:
    with capturedLogs() as logs:
        world.give(A)
        world.clock.advance(1)
        world.finish(A, ReportStatus.FAIL)
        world.worker.leave()
    told = [formatEvent(event) for event in logs]
    assert f"{A.id}: begins" in told
    assert f"{A.id}: failed: exit status 2" in told
    assert "leaving" in told


def test_what_a_second_interrupt_does_is_said_at_the_first(world: World) -> None:
    world.give(A)
    with capturedLogs() as logs:
        world.worker.leave()
    assert any("^C again kills what runs and hands it back" in formatEvent(event) for event in logs)


def test_why_there_is_no_work_is_logged_when_it_changes(world: World) -> None:
    with capturedLogs() as logs:
        for text in ["Server queue is empty"] * 2 + ["Client suspended"] * 2:
            world.clock.advance(55)
            world.fake.polls.pop().callback(refused(text))
    assert [event["reason"] for event in logs if "reason" in event] == ["Server queue is empty", "Client suspended"]


def test_a_server_that_takes_us_but_refuses_us_work_is_not_pressed(world: World) -> None:
    world.give(A)
    world.fake.script("checkout", *[refused("a surprise", 400)] * 9, *[refused("not you", 401)] * 9)
    with capturedLogs() as logs:
        world.finish(A)
        world.clock.pump([1.0] * 170)
    assert len(world.fake.of("checkout")) == 19
    assert len(world.fake.of("register")) == 1
    assert [event["reason"] for event in logs if "reason" in event] == ["a surprise", "not you"]


# Work in hand.


def test_it_asks_for_all_free_slots_and_what_is_to_be_in_hand(tmp_path: Path) -> None:
    world = World(tmp_path, slots=3, prefetch=2)
    assert world.asked_for() == 9
    world.fake.hand_out(A, B, C, D)
    assert list(world.running) == [(work.wuid, 1) for work in (A, B, C)]
    assert world.asked_for() == 5


def test_what_is_in_hand_is_begun_when_a_slot_is_free(tmp_path: Path) -> None:
    world = World(tmp_path, prefetch=2)
    world.fake.hand_out(A, B, C)
    world.finish(A)
    assert list(world.running) == [(B.wuid, 1)]
    world.finish(B)
    assert list(world.running) == [(C.wuid, 1)]


def test_what_is_in_hand_counts_as_here(tmp_path: Path) -> None:
    world = World(tmp_path, prefetch=1)
    world.fake.hand_out(A, B)
    world.fake.script("heartbeat", refused("Client not found"))
    world.clock.advance(10)
    beat = json.loads(world.fake.of("heartbeat")[0].body)
    assert beat["current_work"]["data"] == world.registered_with()[-1] == [A.wuid, B.wuid]


def test_what_is_in_hand_may_be_discarded(tmp_path: Path) -> None:
    world = World(tmp_path, prefetch=1)
    world.fake.hand_out(A, B)
    world.fake.script("heartbeat", data({"server-uuid": world.fake.uuid, "discard": B.wuid}))
    world.clock.advance(10)
    assert world.reports() == [(B.wuid, "discarded", "1")]
    assert list(world.running) == [(A.wuid, 1)]


def test_asked_to_leave_it_hands_back_what_is_in_hand(tmp_path: Path) -> None:
    world = World(tmp_path, prefetch=2)
    world.fake.hand_out(A, B, C)
    world.worker.leave()
    assert world.reports() == [(B.wuid, "discarded", "1"), (C.wuid, "discarded", "1")]
    assert list(world.running) == [(A.wuid, 1)]
    world.finish(A)
    assert world.left
    assert not world.clock.getDelayedCalls()


def test_while_runs_are_short_one_checkout_brings_many(world: World) -> None:
    for number in range(30):
        work = workunit(task=str(number))
        world.give(work)
        world.clock.advance(0.001)
        world.finish(work)
    assert world.asked_for() > 50


def test_what_waits_in_hand_for_long_is_handed_back_for_others_to_run(tmp_path: Path) -> None:
    """Runs were short, and now one is not."""
    world = World(tmp_path)
    for number in range(30):
        work = workunit(task=str(number))
        world.give(work)
        world.finish(work)
    world.fake.asked.clear()
    world.fake.hand_out(A, B, C)
    world.clock.pump([PATIENCE] * 2)
    assert world.reports() == [(B.wuid, "discarded", "1"), (C.wuid, "discarded", "1")]
    world.clock.pump([1.0] * 5)
    assert world.fake.polls == []
    world.finish(A)
    assert world.asked_for() == 1


def test_when_runs_have_become_long_nothing_stays_in_hand(tmp_path: Path) -> None:
    """They end again and again, but later than others could begin."""
    world = World(tmp_path)
    for number in range(30):
        work = workunit(task=str(number))
        world.give(work)
        world.finish(work)
    works = [workunit(task=f"long{number}") for number in range(30)]
    world.fake.hand_out(*works)
    for work in works[:4]:
        world.clock.pump([0.9, 0.9])
        world.finish(work)
    world.clock.pump([PATIENCE] * 2)
    handed_back = {wuid for wuid, status, _ in world.reports() if status == "discarded"}
    assert handed_back == {work.wuid for work in works[5:]}


def test_what_was_asked_for_while_runs_were_short_does_not_stay_behind_a_long_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(30):
        work = workunit(task=str(number))
        world.give(work)
        world.finish(work)
    world.fake.hand_out(*(works := [workunit(task=f"long{number}") for number in range(5)]))
    for work in works[:4]:
        world.clock.pump([0.8, 0.8])
        world.finish(work)
    world.clock.pump([PATIENCE] * 3)
    assert (works[4].wuid, 1) in world.running
    world.fake.hand_out(A, B)
    world.clock.pump([PATIENCE] * 2)
    assert world.reports()[-2:] == [(A.wuid, "discarded", "1"), (B.wuid, "discarded", "1")]


def test_behind_a_long_run_nothing_is_waited_for_that_others_could_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(30):
        work = workunit(task=str(number))
        world.give(work)
        world.finish(work)
    world.give(A)
    assert len(world.fake.polls) == 1
    world.clock.pump([PATIENCE] * 2)
    assert world.fake.polls == []
    assert world.registered_with()[-1] == [A.wuid]
    assert world.reports()[30:] == []


# Heartbeats, and what they say.


def test_heartbeats_tell_what_is_here(world: World) -> None:
    world.give(A)
    world.clock.pump([10.0] * 3)
    beats = [json.loads(asked.body) for asked in world.fake.of("heartbeat")]
    assert [beat["current_work"] for beat in beats] == [{"data": [A.wuid]}] * 3
    assert beats[0]["busy"]


def test_what_the_server_discards_is_killed_and_handed_back_once(tmp_path: Path) -> None:
    world = World(tmp_path, slots=2)
    world.give(A, B)
    world.fake.script("heartbeat", data({"server-uuid": world.fake.uuid, "discard": f"{A.wuid},unknown"}))
    world.clock.advance(10)
    assert world.reports() == [(A.wuid, "discarded", "1")]
    assert list(world.running) == [(B.wuid, 1)]


def test_a_newer_attempt_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    world = World(tmp_path, slots=2)
    world.give(A)
    again = workunit(task="a", attempt=2)
    world.fake.script("report", judged((409, "stale")))
    world.give(again)
    assert list(world.running) == [(A.wuid, 2)]
    assert world.reports() == [(A.wuid, "discarded", "1")]
    world.finish(again)
    assert world.reports()[1:] == [(A.wuid, "done", "2")]


def test_what_is_running_already_is_not_begun_again(tmp_path: Path) -> None:
    world = World(tmp_path, slots=2)
    world.give(A)
    running = world.running[A.wuid, 1]
    world.give(A)
    assert world.running == {(A.wuid, 1): running}
    assert len(world.fake.polls) == 1


def test_a_server_that_does_not_know_us_is_told_what_we_run(world: World) -> None:
    world.give(A)
    world.fake.script("heartbeat", refused("Client not found"))
    world.clock.advance(10)
    assert world.registered_with() == [[], [A.wuid]]
    assert list(world.running) == [(A.wuid, 1)]


def test_the_same_while_it_waits_for_work(world: World) -> None:
    world.fake.script("heartbeat", refused("Client not found"))
    world.clock.advance(10)
    assert world.fake.kinds() == ["register", "checkout", "heartbeat", "register", "checkout"]
    assert len(world.fake.polls) == 1


def test_another_server_in_the_old_one_s_place_is_not_bothered_with_its_work(world: World) -> None:
    world.give(A)
    world.fake.uuid = "another"
    world.clock.advance(10)
    world.clock.advance(0)
    assert world.running == {}
    assert world.fake.kinds()[-2:] == ["report", "checkout"]
    assert world.registered_with() == [[], [A.wuid]]


def test_a_server_may_tell_it_to_stop(world: World) -> None:
    world.fake.script("heartbeat", data({"server-uuid": world.fake.uuid, "stop": CLIENT}))
    world.clock.advance(10)
    assert world.left
    assert world.fake.kinds()[-1] == "sign-off"


def test_another_server_is_taken_while_it_leaves(world: World) -> None:
    world.give(A)
    world.fake.uuid = "another"
    world.worker.leave()
    world.clock.advance(0)
    assert world.left
    assert world.fake.kinds()[-1] == "sign-off"


# The server goes away.


def test_work_goes_on_without_the_server_and_is_reported_when_it_is_back(world: World) -> None:
    world.give(A)
    world.fake.away = True
    world.clock.pump([1.0] * 100)
    world.finish(A)
    world.clock.pump([1.0] * 100)
    world.fake.away = False
    world.clock.pump([1.0] * 31)
    assert world.reports() == [(A.wuid, "done", "1")]
    assert len(world.fake.polls) == 1


def test_a_lost_poll_is_followed_by_a_registration(world: World) -> None:
    """The answer may have been a workunit; the server learns from the registration that we do not have it."""
    world.fake.polls.pop().errback(Failure(ConnectionResetError()))
    world.clock.advance(1)
    assert world.fake.kinds() == ["register", "checkout", "register", "checkout"]
    assert world.registered_with() == [[], []]


@pytest.mark.parametrize("silent", [False, True])
def test_it_gives_a_sign_of_life_within_the_time_that_the_server_told_be_it_away_or_silent(
    tmp_path: Path, silent: bool
) -> None:
    fake = FakeServer()
    fake.script("register", data({"id": "x", "server_uuid": fake.uuid, "heartbeat_limit": 6}))
    fake.script("register", *[Deferred() if silent else ConnectionResetError() for _ in range(200)])
    world = World(tmp_path, fake=fake)
    fake.polls.pop().errback(Failure(ConnectionResetError()))
    tries = []
    for _ in range(240):
        world.clock.advance(0.25)
        tries.append(len(fake.of("register")))
    assert all(before < after for before, after in zip(tries, tries[4 * 6 :], strict=False))
    world.worker.abandon()


def test_registration_names_reports_that_are_not_delivered(world: World) -> None:
    world.give(A)
    world.fake.script("report", refused("Client not found"))
    world.fake.script("heartbeat", refused("Client not found"))
    world.fake.away = True
    world.finish(A)
    world.fake.away = False
    world.fake.script("report", *[refused("Client not found")] * 30)
    world.clock.advance(10)
    assert world.registered_with()[-1] == [A.wuid]


def test_reports_of_an_earlier_life_are_delivered_and_count_as_held(world: World) -> None:
    world.give(A)
    world.fake.away = True
    world.finish(A)
    world.worker.abandon()
    world.clock.advance(FAREWELL)
    world.worker.abandon()
    assert world.left
    world.fake.away = False
    world.fake.script("report", refused("Client not found"))
    world.begin()
    assert world.registered_with()[-1] == [A.wuid]
    world.clock.advance(1)
    assert world.reports()[-1] == (A.wuid, "done", "1")
    assert len(world.fake.polls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        *(garbage(b""), garbage(b"<html>", 404), garbage(b"[1]"), garbage(b'{"status":200,"data":{}}')),
        *(refused("boom", 500), refused("who are you", 401), refused("surprise", 400), refused("gone", 404)),
        *(ConnectionResetError(), RuntimeError("anything")),
    ],
)
@pytest.mark.parametrize("kind", ["checkout", "heartbeat", "report", "register"])
def test_no_answer_stops_it(world: World, kind: str, answer: Any) -> None:
    world.fake.script(kind, *[answer] * 2)
    if kind == "register":
        world.fake.script("heartbeat", refused("Client not found"))
    world.give(A)
    world.clock.pump([1.0] * 30)
    if world.running:
        world.finish(A)
    world.clock.pump([1.0] * 30)
    world.give(B)
    assert list(world.running) == [(B.wuid, 1)]
    assert not world.left


def test_a_server_that_refuses_us_from_the_beginning_ends_us(tmp_path: Path) -> None:
    fake = FakeServer()
    fake.script("register", refused("Clientgroup name in token does not match that in the client.", 401))
    world = World(tmp_path, fake=fake)
    failures: list[Failure] = []
    world.worker.left.addErrback(failures.append)
    assert failures[0].check(WorkerRefused)
    assert str(failures[0].value).endswith("does not match that in the client. (see --token-file)")
    assert not world.clock.getDelayedCalls()


# It leaves.


def test_asked_to_leave_it_takes_no_more_finishes_reports_and_signs_off(tmp_path: Path) -> None:
    world = World(tmp_path, slots=2)
    world.give(A)
    world.worker.leave()
    assert world.fake.polls == []
    assert world.registered_with() == [[], [A.wuid]]
    assert not world.left
    world.finish(A)
    assert world.left
    assert world.fake.kinds()[-2:] == ["report", "sign-off"]
    assert not world.clock.getDelayedCalls()


def test_idle_it_leaves_at_once(world: World) -> None:
    world.worker.leave()
    assert world.left
    assert world.fake.kinds() == ["register", "checkout", "sign-off"]


def test_heartbeats_go_on_while_it_finishes(world: World) -> None:
    world.give(A)
    world.worker.leave()
    world.clock.pump([10.0] * 2)
    assert len(world.fake.of("heartbeat")) == 2


def test_asked_twice_it_kills_and_hands_back(world: World) -> None:
    world.give(A)
    world.worker.leave()
    world.worker.leave()
    assert world.reports() == [(A.wuid, "discarded", "1")]
    assert world.fake.kinds()[-1] == "sign-off"
    assert world.left


def test_without_a_server_it_leaves_its_reports_on_disk_and_does_not_wait_for_ever(world: World) -> None:
    world.give(A)
    world.fake.away = True
    world.worker.leave()
    world.finish(A)
    world.clock.advance(FAREWELL - 1)
    assert not world.left
    world.clock.advance(1)
    assert world.left
    assert len(list(world.directory.iterdir())) == 1
    assert not world.clock.getDelayedCalls()


def test_asked_again_it_does_not_wait_for_the_server_at_all(world: World) -> None:
    world.give(A)
    world.fake.away = True
    world.worker.leave()
    world.finish(A)
    world.worker.leave()
    assert world.left


def test_before_its_time_ends_it_takes_no_more_work_and_at_last_hands_back_what_runs(tmp_path: Path) -> None:
    world = World(tmp_path, slots=2, walltime=1000)
    assert world.fake.of("checkout")[0].query["walltime"] == str(1000 - int(MARGIN))
    world.clock.advance(50)
    world.give(A)
    assert world.fake.of("checkout")[1].query["walltime"] == str(950 - int(MARGIN))
    world.clock.advance(950 - MARGIN)
    assert world.fake.polls == []
    assert not world.left
    world.clock.advance(MARGIN - LAST)
    assert world.reports() == [(A.wuid, "discarded", "1")]
    assert world.fake.kinds()[-1] == "sign-off"
    assert world.left
    assert not world.clock.getDelayedCalls()


def test_what_waited_for_a_slot_until_it_does_not_fit_any_more_is_handed_back(tmp_path: Path) -> None:
    world = World(tmp_path, prefetch=2, walltime=1000)
    long, short = workunit(task="b", walltime=900), workunit(task="c", walltime=60)
    world.fake.polls.pop().callback(data([A, long, short]))
    world.clock.advance(50)
    world.finish(A)
    assert list(world.running) == [(short.wuid, 1)]
    assert world.reports()[:2] == [(long.wuid, "discarded", "1"), (A.wuid, "done", "1")]


def test_before_its_time_ends_it_leaves_as_soon_as_nothing_runs(tmp_path: Path) -> None:
    world = World(tmp_path, walltime=1000)
    world.give(A)
    world.clock.advance(1000 - MARGIN)
    world.finish(A)
    assert world.reports() == [(A.wuid, "done", "1")]
    assert world.left
    assert not world.clock.getDelayedCalls()


def test_after_so_long_without_work_it_leaves(tmp_path: Path) -> None:
    world = World(tmp_path, idle_timeout=300)
    world.clock.advance(50)
    world.give(A)
    world.clock.advance(1000)
    world.finish(A)
    world.clock.advance(299)
    assert not world.left
    world.clock.advance(1)
    assert world.left
    assert world.fake.kinds()[-1] == "sign-off"
    assert not world.clock.getDelayedCalls()


def test_reports_that_wait_for_the_server_are_work(tmp_path: Path) -> None:
    world = World(tmp_path, idle_timeout=300)
    world.give(A)
    world.fake.away = True
    world.finish(A)
    world.clock.pump([10.0] * 100)
    assert not world.left
    world.fake.away = False
    world.clock.pump([10.0] * 4)
    assert world.reports() == [(A.wuid, "done", "1")]
    world.clock.pump([10.0] * 60)
    assert world.left


def test_stopping_the_service_is_to_leave_at_once(world: World) -> None:
    world.give(A)
    stopped = world.worker.stopService()
    assert stopped.called
    assert world.reports() == [(A.wuid, "discarded", "1")]
