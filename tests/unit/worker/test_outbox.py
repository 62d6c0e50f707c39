"""A finished report is not lost: not to an outage, and not to the worker's own end."""

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from awed.model.work import Perf, ReportStatus
from awed.worker.outage import Outage
from awed.worker.outbox import AT_ONCE, Outbox
from awed.worker.report import Finished
from awed.worker.server import ServerClient
from tests.unit.worker.builders import CLIENT, JOB
from tests.unit.worker.fake import FakeServer, garbage, refused

WUID = f"{JOB}_0_0"


class World:
    """An outbox, its server and its clock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.fake = FakeServer()
        self.clock = Clock()
        self.delivered = 0
        self.outbox = self.again()

    def again(self) -> Outbox:
        """The outbox of a worker that is started again."""
        outage = Outage(self.clock, lambda: 1.0)
        server = ServerClient(self.fake.agent, self.clock, url="http://server", client=CLIENT, answered=outage.over)
        self.outbox = Outbox(self.directory, server, outage, delivered=self._delivered, remove=self._remove)
        return self.outbox

    def _delivered(self) -> None:
        self.delivered += 1

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def files(self) -> int:
        return len(list(self.directory.iterdir()))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def finished(wuid: str = WUID, attempt: int = 1) -> Finished:
    return Finished(wuid, attempt, ReportStatus.DONE, Perf(), 0, "note", b"out\xff", b"err")


def test_a_report_that_is_taken_leaves_nothing_behind(world: World) -> None:
    world.outbox.put(finished())
    assert world.fake.of("report")[0].parts["stdout"] == b"out\xff"
    assert (world.delivered, world.files(), world.outbox.waiting()) == (1, 0, set())


def test_while_the_server_is_away_it_is_kept_and_tried_again(world: World) -> None:
    world.fake.away = True
    world.outbox.put(finished())
    world.clock.pump([1.0] * 100)
    assert (world.delivered, world.files(), world.outbox.waiting()) == (0, 1, {WUID})
    world.fake.away = False
    world.clock.pump([1.0] * 40)
    assert (world.delivered, world.files(), world.outbox.waiting()) == (1, 0, set())


@pytest.mark.parametrize(
    "answer",
    [
        *(refused("Client not found"), refused("User Unauthorized", 401), refused("database", 503)),
        *(garbage(b"<html/>", 502), garbage(b"Not Found", 404), garbage(b"")),
    ],
)
def test_what_may_pass_costs_no_report(world: World, answer: object) -> None:
    world.fake.script("report", answer, answer)  # type: ignore[arg-type]
    world.outbox.put(finished())
    assert world.files() == 1
    world.clock.pump([1.0] * 5)
    assert len(world.fake.of("report")) == 3
    assert world.files() == 0


@pytest.mark.parametrize("answer", [refused("not yours", 409), refused("invalid work id", 400), refused("?", 404)])
def test_what_the_server_refuses_for_good_is_dropped(world: World, answer: object) -> None:
    world.fake.script("report", answer)  # type: ignore[arg-type]
    world.outbox.put(finished())
    assert (world.delivered, world.files(), world.outbox.waiting()) == (1, 0, set())
    assert len(world.fake.of("report")) == 1


def test_a_report_that_is_too_large_goes_without_its_logs(world: World) -> None:
    world.fake.script("report", refused("too large", 413))
    world.outbox.put(finished())
    _, sent = world.fake.of("report")
    assert "stdout" not in sent.parts
    assert b"too large" in sent.parts["worknotes"]
    assert world.files() == 0


def test_a_report_that_is_still_too_large_is_not_sent_for_ever(world: World) -> None:
    world.fake.script("report", *[refused("too large", 413)] * 3)
    world.outbox.put(finished())
    assert len(world.fake.of("report")) == 2
    assert world.files() == 0


def test_reports_outlive_the_worker(world: World) -> None:
    world.fake.away = True
    for number in range(3):
        world.outbox.put(finished(f"{JOB}_{number}_0"))
    world.outbox.close()
    world.fake.away = False
    world.again().load()
    assert sorted(asked.path for asked in world.fake.of("report")) == [f"/work/{JOB}_{n}_0" for n in range(3)]
    assert world.fake.asked[0].parts["stdout"] == b"out\xff"
    assert world.files() == 0


def test_a_report_that_was_half_written_is_none(world: World) -> None:
    world.fake.away = True
    world.outbox.put(finished())
    world.outbox.close()
    (path,) = world.directory.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    world.again().load()
    assert (world.outbox.waiting(), world.files()) == (set(), 0)


def test_a_closed_outbox_sends_nothing_more(world: World) -> None:
    world.fake.away = True
    for attempt in range(AT_ONCE + 2):
        world.outbox.put(finished(attempt=attempt))
    world.outbox.close()
    world.fake.away = False
    world.clock.pump([1.0] * 10)
    assert world.fake.asked == []
    assert world.files() == AT_ONCE + 2


def test_a_full_disk_does_not_keep_a_report_from_being_sent(world: World) -> None:
    world.directory.rmdir()
    world.outbox.put(finished())
    assert world.delivered == 1


def test_two_attempts_at_one_workunit_are_two_reports(world: World) -> None:
    world.fake.away = True
    world.outbox.put(finished(attempt=1))
    world.outbox.put(finished(attempt=2))
    world.fake.away = False
    world.clock.pump([1.0] * 3)
    assert sorted(asked.query["attempt"] for asked in world.fake.of("report")) == ["1", "2"]
    assert world.files() == 0
