"""What a worker says to a server, and what the answers are to it."""

import json
import re
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from awed.client import work as calls
from awed.client.asynchronous import Server
from awed.client.calls import Call
from awed.model.errors import (
    AwedError,
    ClientNotFound,
    Conflict,
    Invalid,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from awed.model.work import Perf, ReportStatus
from awed.wire.clients import Busyness, Profile, holding
from awed.wire.headers import Tokens
from awed.wire.reports import RunReport
from awed.worker.worker import HEARTBEAT
from tests.strategies import json_values
from tests.unit.worker.builders import CLIENT, JOB, result, workunit
from tests.unit.worker.fake import UUID, FakeServer, data, garbage, judged, refused

URL = "http://server:8001/"


def ended(wuid: str, attempt: int = 1, notes: str = "") -> RunReport:
    """The report on a workunit that was not run."""
    return RunReport(wuid, attempt, ReportStatus.FAIL, Perf(), worknotes=notes)


@pytest.fixture
def fake() -> FakeServer:
    return FakeServer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(fake: FakeServer, clock: Clock) -> Server:
    return Server(fake, clock, URL, "CG_TOKEN abc")


def test_registration_says_who_we_are_and_what_we_still_run(fake: FakeServer, server: Server) -> None:
    held = holding({f"{JOB}_1_0", f"{JOB}_0_0"})
    profile = Profile(CLIENT, "alpha", "grp", apps=["sort", "uniq"], slots=2, current_work=held)
    registration = result(server.ask(calls.register(profile)))
    assert registration.server_uuid == UUID
    (asked,) = fake.asked
    assert asked.headers["Authorization"] == "CG_TOKEN abc"
    assert json.loads(asked.parts["profile"]) == {
        "id": CLIENT,
        "name": "alpha",
        "group": "grp",
        "apps": ["sort", "uniq"],
        "slots": 2,
        "current_work": {"data": [f"{JOB}_0_0", f"{JOB}_1_0"]},
    }


def test_a_heartbeat_says_what_we_run_and_hears_what_to_throw_away(fake: FakeServer, server: Server) -> None:
    fake.script("heartbeat", data({"server-uuid": UUID, "discard": "a,b"}))
    answer = result(server.ask(calls.heartbeat(CLIENT, Busyness(holding(["x"]), busy=True))))
    assert (answer.server_uuid, answer.discard, answer.stop) == (UUID, "a,b", "")
    assert json.loads(fake.asked[0].body) == {
        "busy": True,
        "current_work": {"data": ["x"]},
        "healthy": True,
        "error_message": "",
    }


def test_a_checkout_waits_and_brings_workunits(fake: FakeServer, server: Server) -> None:
    checkout = Deferred.fromCoroutine(server.ask(calls.checkout(CLIENT, 1000, 3)))
    assert fake.asked[0].query == {"client": CLIENT, "available": "1000", "wait": "55", "max": "3"}
    works = [workunit("sort", "-n", has_private_env=True), workunit(task="1")]
    fake.hand_out(*works)
    assert checkout.result == (works, [])


def test_workunits_that_cannot_be_read_are_named_and_the_others_brought(fake: FakeServer, server: Server) -> None:
    fake.script("checkout", data([{"wuid": "w", "attempt": 3, "cmd": 7}, workunit(), {"wuid": "v"}]))
    handed = result(server.ask(calls.checkout(CLIENT, 0, 3)))
    assert handed.works == [workunit()]
    assert [(work.wuid, work.attempt) for work in handed.unreadable] == [("w", 3), ("v", 0)]
    assert re.search(r"\bcmd\b", handed.unreadable[0].why)


def test_secrets_come_in_headers(fake: FakeServer, server: Server) -> None:
    fake.script(
        "secret", data(None, datatoken="tok", nodetoken="own"), data(None, privateenv='{"S": "3"}'), data(None)
    )
    assert result(server.ask(calls.tokens(CLIENT, "w"))) == Tokens("tok", "", "own")
    assert result(server.ask(calls.private_environ(CLIENT, "w"))) == {"S": "3"}
    assert result(server.ask(calls.private_environ(CLIENT, "w"))) == {}
    assert fake.asked[0].query == {"datatoken": "", "client": CLIENT}


def test_a_report_is_a_form_of_files(fake: FakeServer, server: Server) -> None:
    perf = Perf(runtime=1.5)
    finished = RunReport("a b/c", 2, ReportStatus.FAIL, perf, -9, "killed", b"out\r\n--x\xff\0", b"")
    result(server.ask(calls.report(CLIENT, finished)))
    (asked,) = fake.asked
    assert asked.path == "/work/a%20b%2Fc"
    assert asked.query == {**finished.query(CLIENT), "report": ""}
    assert asked.parts == {"perf": msgspec.json.encode(perf), "worknotes": b"killed", "stdout": b"out\r\n--x\xff\0"}


def test_several_reports_go_in_one_body(fake: FakeServer, server: Server) -> None:
    perf = Perf(runtime=1.5)
    reports = [RunReport("w", 2, ReportStatus.FAIL, perf, -9, "killed", b"out\xff"), ended("v", 1, "no")]
    assert result(server.ask(calls.report_all(CLIENT, reports))) == [None, None]
    (asked,) = fake.asked
    assert (asked.path, asked.query) == ("/work", {"client": CLIENT})
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body) == [
        {
            "wuid": "w",
            "status": "fail",
            "attempt": 2,
            "computetime": 2,
            "exitstatus": -9,
            "perf": msgspec.to_builtins(perf),
            "worknotes": "killed",
            "stdout": "out\N{REPLACEMENT CHARACTER}",
            "raw": {"stdout": "b3V0/w=="},
        },
        {
            "wuid": "v",
            "status": "fail",
            "attempt": 1,
            "perf": msgspec.to_builtins(Perf()),
            "worknotes": "no",
        },
    ]


def test_each_of_several_reports_is_judged_alone(fake: FakeServer, server: Server) -> None:
    fake.script("report", judged((200, ""), (409, "late"), (503, "later"), (400, "Client not found")))
    verdicts = result(server.ask(calls.report_all(CLIENT, [ended(name) for name in "abcd"])))
    assert [type(verdict) for verdict in verdicts] == [type(None), Conflict, Unavailable, ClientNotFound]
    assert str(verdicts[1]) == "late"


def test_fewer_verdicts_than_reports_are_no_answer(fake: FakeServer, server: Server) -> None:
    fake.script("report", judged((200, "")))
    with pytest.raises(Unavailable, match="1 verdicts on 2 reports"):
        result(server.ask(calls.report_all(CLIENT, [ended(name) for name in "ab"])))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("Client not found"), ClientNotFound),
        (refused("no"), Invalid),
        (refused("no", 401), Unauthorized),
        (refused("no", 404), NotFound),
        (refused("no", 409), Conflict),
        (refused("no", 413), TooLarge),
        (refused("no", 500), Unavailable),
        (refused("no", 503), Unavailable),
        (garbage(b"<html>404 not found</html>", 404), Unavailable),
        (garbage(b"<html>bad gateway</html>", 502), Unavailable),
        (garbage(b""), Unavailable),
        (garbage(b"\xff\xfe"), Unavailable),
        (garbage(b"[]"), Unavailable),
        (garbage(b"{}"), Unavailable),
        (garbage(b'{"status": 200, "da'), Unavailable),
        (garbage(b'{"status": 200, "error": null}'), Unavailable),
        (garbage(b"[" * 100_000), Unavailable),
        (data("no object"), Unavailable),
        (data({"server_uuid": 7}), Unavailable),
        (ConnectionResetError("reset"), Unavailable),
        (ValueError("what a bug in a library may raise"), Unavailable),
    ],
)
def test_every_answer_is_understood(fake: FakeServer, server: Server, answer: Any, error: type[AwedError]) -> None:
    """The server's refusals are told apart, and whatever is not an AWE server's word means: try again."""
    fake.script("register", answer)
    with pytest.raises(error) as raised:
        result(server.ask(calls.register(Profile(CLIENT))))
    assert type(raised.value) is error


def test_an_error_names_request_and_cause_but_no_token(fake: FakeServer, server: Server) -> None:
    fake.script("checkout", ConnectionResetError("reset by peer"))
    with pytest.raises(Unavailable) as raised:
        result(server.ask(calls.checkout(CLIENT, 0, 1)))
    assert str(raised.value) == "GET http://server:8001/work: reset by peer"


def test_a_silent_server_is_given_up(fake: FakeServer, server: Server, clock: Clock) -> None:
    checkout = Deferred.fromCoroutine(server.ask(calls.checkout(CLIENT, 0, 1, wait=5)))
    clock.advance(34)
    assert not checkout.called
    clock.advance(1)
    assert isinstance(checkout.result, Failure)
    assert checkout.result.check(Unavailable)
    checkout.addErrback(lambda _: None)
    assert fake.polls == []


def test_what_we_break_off_ourselves_is_no_outage(fake: FakeServer, server: Server) -> None:
    checkout = Deferred.fromCoroutine(server.ask(calls.checkout(CLIENT, 0, 1)))
    checkout.cancel()
    assert isinstance(checkout.result, Failure)
    assert checkout.result.check(CancelledError)
    checkout.addErrback(lambda _: None)


def test_a_heartbeat_is_given_up_before_the_next() -> None:
    assert calls.heartbeat(CLIENT, Busyness()).request.patience < HEARTBEAT


answers = json_values(st.sampled_from(["status", "data", "error"])).map(msgspec.json.encode)


@given(body=st.binary() | answers, status=st.sampled_from([200, 400, 401, 404, 409, 500]))
def test_whatever_comes_is_an_answer_or_an_error_for_which_there_is_a_plan(body: bytes, status: int) -> None:
    fake = FakeServer()
    server = Server(fake, Clock(), URL)
    asked: list[tuple[str, Call[Any]]] = [
        ("heartbeat", calls.heartbeat(CLIENT, Busyness())),
        ("checkout", calls.checkout(CLIENT, 0, 1)),
        ("report", calls.report_all(CLIENT, [ended("w")])),
        ("secret", calls.private_environ(CLIENT, "w")),
    ]
    for kind, call in asked:
        fake.script(kind, garbage(body, status))
        with suppress(AwedError):
            result(server.ask(call))
