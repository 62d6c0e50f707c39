"""While the server is away all calls wait longer and longer, and one line in the log says so."""

from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from awed.model.errors import ClientNotFound, Conflict, Unavailable
from awed.worker.outage import PAUSES, Outage

ERROR = Unavailable("gone")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outage(clock: Clock) -> Outage:
    return Outage(clock, lambda: 1.0)


def pause(outage: Outage) -> Deferred[None]:
    return Deferred.fromCoroutine(outage.pause(ERROR))


def lengths(outage: Outage, clock: Clock, count: int) -> list[float]:
    """How long *count* pauses in a row are."""
    found = []
    for _ in range(count):
        began, waiting = clock.seconds(), pause(outage)
        while not waiting.called:
            clock.advance(0.25)
        found.append(clock.seconds() - began)
    return found


def test_pauses_grow_to_a_limit(outage: Outage, clock: Clock) -> None:
    found = lengths(outage, clock, 20)
    assert found[0] == PAUSES.first
    assert found == sorted(found)
    assert found[-1] == PAUSES.longest


def test_pauses_are_spread(clock: Clock) -> None:
    assert pytest.approx(2 * lengths(Outage(clock, lambda: 0.0), clock, 40)[-1]) == PAUSES.longest


def test_many_who_wait_do_not_make_each_other_wait_longer(outage: Outage, clock: Clock) -> None:
    waiting = [pause(outage) for _ in range(20)]
    clock.advance(PAUSES.first)
    assert all(one.called for one in waiting)


def test_an_answer_to_one_ends_the_waiting_of_all(outage: Outage, clock: Clock) -> None:
    lengths(outage, clock, 10)
    waiting = [pause(outage) for _ in range(3)]
    outage.over()
    assert all(one.called for one in waiting)
    assert lengths(outage, clock, 1) == [PAUSES.first]
    assert not [call for call in clock.getDelayedCalls() if call.active()]


def test_begin_and_end_are_each_logged_once(outage: Outage, clock: Clock) -> None:
    with capturedLogs() as logs:
        outage.over()
        lengths(outage, clock, 5)
        outage.over()
        outage.over()
    assert [event["log_level"].name for event in logs] == ["warn", "info"]
    assert "gone" in str(logs[0]["error"])


def test_a_call_is_repeated_until_the_server_knows_us(outage: Outage, clock: Clock) -> None:
    answers: Iterator[Exception | str] = iter([ERROR, ClientNotFound(), "answer"])

    async def call() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    waiting = Deferred.fromCoroutine(outage.persist(call))
    clock.pump([1.0] * 3)
    assert waiting.result == "answer"


def test_a_refusal_is_not_repeated(outage: Outage, clock: Clock) -> None:
    async def call() -> None:
        raise Conflict("no")

    waiting = Deferred.fromCoroutine(outage.persist(call))
    failures: list[object] = []
    waiting.addErrback(lambda failure: failures.append(failure.check(Conflict)))
    assert failures == [Conflict]
