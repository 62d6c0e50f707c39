"""Long work runs in turns among users; it can be stopped between two steps, and cleans up."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from awed.tx.longwork import TURN, LongWork, Steps


class Threads:
    """Calls wait until they are made; each takes the whole of a turn. *long* has one thread and two works a user."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []
        self.time = 0.0
        self.done: list[str] = []
        self.closed: list[str] = []
        self.long = LongWork(self, 1, 2, lambda: self.time)

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()

        def call() -> None:
            try:
                value = function(*args, **kwargs)
            except Exception:
                done.errback(Failure())
            else:
                done.callback(value)

        self.calls.append(call)
        return done

    def steps(self, name: str, number: int) -> Steps[str]:
        try:
            for _ in range(number):
                self.done.append(name)
                self.time += TURN
                yield
        finally:
            self.closed.append(name)
        return f"result of {name}"

    def start(self, user: str, name: str, number: int = 2) -> Deferred[str]:
        return Deferred.fromCoroutine(self.long.run(user, self.steps(name, number)))

    def turn(self) -> None:
        """The thread has a turn."""
        self.calls.pop(0)()

    def all(self) -> None:
        while self.calls:
            self.turn()


def test_users_get_turns_one_after_the_other_however_much_one_of_them_asks_for() -> None:
    threads = Threads()
    for name in ("a1", "a2"):
        threads.start("alice", name, 4)
    threads.start("bob", "b1", 3)
    for _ in range(7):
        assert len(threads.calls) == 1
        threads.turn()
    assert threads.done == ["a1", "b1", "a2", "b1", "a1", "b1", "a2"]


def test_a_user_has_so_many_works_under_way_and_further_ones_wait_for_those() -> None:
    threads = Threads()
    works = [threads.start("alice", name, 1) for name in ("a1", "a2", "a3", "a4")]
    works[2].addErrback(lambda _: None).cancel()
    threads.start("bob", "b1", 1)
    threads.all()
    assert threads.done == ["a1", "b1", "a2", "a4"]
    assert [work.result for work in works] == ["result of a1", "result of a2", None, "result of a4"]


def test_work_that_is_cancelled_ends_with_the_turn_it_has_and_is_closed() -> None:
    threads, ended = Threads(), list[object]()
    work = threads.start("alice", "a1", 9)
    work.addErrback(lambda failure: ended.append(failure.type))
    threads.turn()
    work.cancel()
    assert (threads.closed, ended) == ([], [])
    threads.all()
    assert (threads.done, threads.closed, ended) == (["a1", "a1"], ["a1"], [CancelledError])


def test_work_that_waits_for_its_turn_is_cancelled_and_closed() -> None:
    threads, ended = Threads(), list[object]()
    threads.start("alice", "a1", 1)
    work = threads.start("bob", "b1", 9)
    work.addErrback(lambda failure: ended.append(failure.type)).cancel()
    threads.all()
    assert (threads.done, ended) == (["a1"], [CancelledError])
    assert threads.start("bob", "b2", 1).called is False
    threads.all()
    assert threads.done == ["a1", "b2"]


def test_what_a_step_raises_is_raised_and_the_place_is_free_again() -> None:
    threads, errors = Threads(), list[object]()

    def broken() -> Steps[None]:
        yield
        raise ValueError("no")

    for _ in range(3):
        work = Deferred.fromCoroutine(threads.long.run("alice", broken()))
        work.addErrback(lambda failure: errors.append(failure.type))
    threads.all()
    assert errors == [ValueError] * 3


def test_a_call_that_is_cancelled_keeps_its_thread_until_it_has_ended() -> None:
    threads, ended = Threads(), list[object]()
    in_turn = threads.long.in_turns_of("alice")

    async def call(name: str) -> None:
        await in_turn(threads.done.append, name)

    first = Deferred.fromCoroutine(call("first"))
    first.addErrback(lambda failure: ended.append(failure.type))
    second = Deferred.fromCoroutine(call("second"))
    first.cancel()
    assert (len(threads.calls), ended) == (1, [])
    threads.all()
    assert (ended, threads.done, second.called) == ([CancelledError], ["first", "second"], True)
