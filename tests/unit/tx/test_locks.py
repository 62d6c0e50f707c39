"""Locks exclude each other, whatever is cancelled or fails."""

from typing import Any

from twisted.internet.defer import Deferred

from awed.tx.locks import Alone, PerKey


class Runs:
    """Counts what runs side by side under one key."""

    def __init__(self) -> None:
        self.alone = Alone()
        self.running = 0
        self.most = 0

    def start(self, until: Deferred[None]) -> Deferred[None]:
        """Run until then."""
        return self.alone.run("key", self._run(until))

    async def _run(self, until: Deferred[None]) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        await until
        self.running -= 1


def test_one_that_ends_at_once_and_brings_the_next_does_not_let_two_run() -> None:
    runs, over, started = Runs(), Deferred[None](), list[Deferred[None]]()
    over.callback(None)
    first, third, fourth = Deferred[None](), Deferred[None](), Deferred[None]()
    runs.start(first)
    runs.start(over).addCallback(lambda _: started.append(runs.start(third)))
    first.callback(None)
    assert runs.running == 1
    runs.start(fourth)
    assert runs.running == 1
    third.callback(None)
    fourth.callback(None)
    assert (runs.running, runs.most) == (0, 1)


def test_a_wait_that_is_cancelled_takes_nobodys_place() -> None:
    places, inside = PerKey(2), list[int]()

    async def stay(number: int, until: Deferred[None]) -> None:
        async with places.place("key"):
            inside.append(number)
            await until

    ends = [Deferred[None]() for _ in range(4)]
    stays: list[Deferred[Any]] = [Deferred.fromCoroutine(stay(*each)) for each in enumerate(ends)]
    assert inside == [0, 1]
    stays[2].addErrback(lambda _: None).cancel()
    ends[0].callback(None)
    assert inside == [0, 1, 3]
    for end in ends[1::2]:
        end.callback(None)
    assert all(stay.called for stay in stays)
