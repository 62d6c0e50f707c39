"""A finished report is not lost: not to an outage, and not to the worker's own end."""

from pathlib import Path
from shutil import copy

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from awed.client.asynchronous import Server
from awed.client.calls import Response
from awed.model.work import Perf, ReportStatus
from awed.worker.journal import Journal
from awed.worker.outage import Outage
from awed.worker.outbox import TOGETHER, Outbox
from awed.worker.report import SMALL, Finished
from tests.unit.worker.builders import CLIENT, JOB
from tests.unit.worker.fake import FakeServer, data, garbage, judged, refused

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
        server = Server(self.fake, self.clock, "http://server", answered=outage.over)
        journal = Journal(self.directory / "reports")
        self.outbox = Outbox(journal, server, CLIENT, outage, delivered=self._delivered)
        self.outbox.load()
        return self.outbox

    def _delivered(self) -> None:
        self.delivered += 1

    def sent(self) -> list[list[str]]:
        """Of which workunits each request told."""
        return [[report["wuid"] for report in asked.reports] for asked in self.fake.of("report")]

    def kept(self) -> int:
        """How many reports a worker would find that is started now."""
        journal = Journal(Path(copy(self.directory / "reports", self.directory / "copy")))
        journal.open()
        journal.close()
        return len(journal.reports)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def finished(wuid: str = WUID, attempt: int = 1) -> Finished:
    return Finished(wuid, attempt, ReportStatus.DONE, Perf(), 0, "note", b"out\xff", b"err")


def test_a_report_that_is_taken_leaves_nothing_behind(world: World) -> None:
    world.outbox.put(finished())
    (report,) = world.fake.of("report")[0].reports
    assert (report["wuid"], report["stdout"]) == (WUID, "out\N{REPLACEMENT CHARACTER}")
    assert (world.delivered, world.kept(), world.outbox.waiting()) == (1, 0, set())


def test_the_first_goes_at_once_and_those_that_come_meanwhile_go_together(world: World) -> None:
    first: Deferred[Response] = Deferred()
    world.fake.script("report", first)
    for name in "abc":
        world.outbox.put(finished(name))
    assert world.sent() == [["a"]]
    first.callback(judged((200, "")))
    assert world.sent() == [["a"], ["b", "c"]]
    assert world.delivered == 2
    assert world.kept() == 0


def test_no_more_go_together_than_a_server_takes_well(world: World) -> None:
    first: Deferred[Response] = Deferred()
    world.fake.script("report", first)
    for number in range(TOGETHER + 2):
        world.outbox.put(finished(str(number)))
    first.callback(judged((200, "")))
    assert list(map(len, world.sent())) == [1, TOGETHER, 1]


def test_a_large_one_goes_by_itself_and_keeps_nobody_waiting(world: World) -> None:
    world.fake.script("report", Deferred())
    large = finished("large")
    large.stdout = b"\xff" * SMALL
    world.outbox.put(large)
    world.outbox.put(finished())
    assert world.sent() == [["large"], [WUID]]
    assert world.fake.of("report")[0].parts["stdout"] == large.stdout
    assert world.kept() == 1


def test_while_the_server_is_away_it_is_kept_and_tried_again(world: World) -> None:
    world.fake.away = True
    world.outbox.put(finished())
    world.clock.pump([1.0] * 100)
    assert (world.delivered, world.kept(), world.outbox.waiting()) == (0, 1, {WUID})
    world.fake.away = False
    world.clock.pump([1.0] * 40)
    assert (world.delivered, world.kept(), world.outbox.waiting()) == (1, 0, set())


@pytest.mark.parametrize("size", [1, SMALL])
@pytest.mark.parametrize(
    "answer",
    [
        *(refused("Client not found"), refused("User Unauthorized", 401), refused("database", 503)),
        *(garbage(b"<html/>", 502), garbage(b"Not Found", 404), garbage(b"")),
    ],
)
def test_what_may_pass_costs_no_report(world: World, answer: Response, size: int) -> None:
    world.fake.script("report", answer, answer)
    report = finished()
    report.stdout = b"x" * size
    world.outbox.put(report)
    assert world.kept() == 1
    world.clock.pump([1.0] * 5)
    assert len(world.fake.of("report")) == 3
    assert world.kept() == 0


def test_of_several_those_are_sent_again_that_the_server_did_not_judge(world: World) -> None:
    first: Deferred[Response] = Deferred()
    world.fake.script("report", first, judged((200, ""), (400, "Client not found"), (409, "late"), (503, "later")))
    for name in "abcde":
        world.outbox.put(finished(name))
    first.callback(judged((200, "")))
    assert world.outbox.waiting() == {"c", "e"}
    world.clock.advance(1)
    assert world.sent() == [["a"], ["b", "c", "d", "e"], ["c", "e"]]
    assert world.kept() == 0


@pytest.mark.parametrize("size", [1, SMALL])
@pytest.mark.parametrize("answer", [refused("not yours", 409), refused("invalid work id", 400), refused("?", 404)])
def test_what_the_server_refuses_for_good_is_dropped(world: World, answer: Response, size: int) -> None:
    world.fake.script("report", answer)
    report = finished()
    report.stdout = b"x" * size
    world.outbox.put(report)
    assert (world.delivered, world.kept(), world.outbox.waiting()) == (1, 0, set())
    assert len(world.fake.of("report")) == 1


def test_one_that_spoils_the_request_of_all_costs_the_others_nothing(world: World) -> None:
    first: Deferred[Response] = Deferred()
    world.fake.script("report", first, refused("the body must be a JSON list of reports"), data("ok"), refused("no"))
    for name in "abcd":
        world.outbox.put(finished(name))
    first.callback(judged((200, "")))
    assert world.sent() == [["a"], ["b", "c", "d"], ["b"], ["c"], ["d"]]
    assert world.kept() == 0


def test_reports_that_are_too_large_go_each_by_itself_and_without_logs_at_last(world: World) -> None:
    world.fake.script("report", *[refused("too large", 413)] * 2)
    world.outbox.put(finished())
    together, alone, without = world.fake.of("report")
    assert (together.path, alone.path) == ("/work", f"/work/{WUID}")
    assert "stdout" not in without.parts
    assert b"too large" in without.parts["worknotes"]
    assert world.kept() == 0


def test_a_report_that_is_still_too_large_is_not_sent_for_ever(world: World) -> None:
    world.fake.script("report", *[refused("too large", 413)] * 4)
    world.outbox.put(finished())
    assert len(world.fake.of("report")) == 3
    assert world.kept() == 0


def test_reports_outlive_the_worker(world: World) -> None:
    world.fake.away = True
    for number in range(3):
        world.outbox.put(finished(f"{JOB}_{number}_0"))
    world.outbox.close()
    world.fake.away = False
    world.again()
    assert {name for names in world.sent() for name in names} == {f"{JOB}_{n}_0" for n in range(3)}
    assert world.kept() == 0


def test_a_closed_outbox_sends_nothing_more(world: World) -> None:
    world.fake.away = True
    for attempt in range(3):
        world.outbox.put(finished(attempt=attempt))
    world.outbox.close()
    world.fake.away = False
    world.clock.pump([1.0] * 10)
    assert world.fake.asked == []
    assert world.kept() == 3


def test_a_full_disk_does_not_keep_a_report_from_being_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.write", lambda file, content: 0)
    world.outbox.put(finished())
    assert (world.delivered, len(world.outbox)) == (1, 0)


def test_two_attempts_at_one_workunit_are_two_reports(world: World) -> None:
    world.fake.away = True
    world.outbox.put(finished(attempt=1))
    world.outbox.put(finished(attempt=2))
    world.fake.away = False
    world.clock.pump([1.0] * 3)
    attempts = [report["attempt"] for asked in world.fake.of("report") for report in asked.reports]
    assert attempts == [1, 2]
    assert world.kept() == 0
