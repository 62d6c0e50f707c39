"""Time goes on, whatever happens in one round."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from awed.service.rounds import Rounds
from tests.conftest import LoggedErrors


def test_a_failing_round_is_logged_and_the_next_one_runs(logged_errors: LoggedErrors) -> None:
    clock, rounds = Clock(), list[float]()

    async def work() -> None:
        rounds.append(clock.seconds())
        raise ValueError("no")

    Rounds(work, 5, clock).start()
    clock.pump([1] * 11)
    assert rounds == [5, 10]
    assert len(logged_errors.flush(ValueError)) == 2


def test_rounds_do_not_overlap_and_stopping_waits_for_the_last() -> None:
    clock, started = Clock(), list[Deferred[None]]()

    async def work() -> None:
        started.append(Deferred())
        await started[-1]

    rounds = Rounds(work, 1, clock)
    rounds.start()
    clock.pump([1] * 5)
    assert len(started) == 1
    stopped = Deferred.fromCoroutine(rounds.stop())
    assert not stopped.called
    started[0].callback(None)
    assert stopped.called
    clock.advance(5)
    assert len(started) == 1
