"""Documents that take long to read leave threads for everybody."""

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred

from awed.api.reading import AT_ONCE, SHORT, Reading
from awed.model.access import User

LONG = b"x" * (SHORT + 1)


class Threads:
    """Threads that end when told to."""

    def __init__(self) -> None:
        self.running: list[tuple[str, Deferred[Any]]] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        self.running.append((kwargs["name"], Deferred()))
        return self.running[-1][1]

    @property
    def names(self) -> list[str]:
        """What runs."""
        return [name for name, _ in self.running]

    def end(self) -> None:
        """Let the one end that began first."""
        self.running.pop(0)[1].callback(None)


def begin(reading: Reading, user: str, body: bytes, name: str) -> Deferred[None]:
    def read(body: bytes, name: str) -> None:
        """Takes long."""

    return Deferred.fromCoroutine(reading(User(user), read, body, name=name))


def test_of_a_user_one_long_document_is_read_at_a_time_and_few_in_all() -> None:
    threads = Threads()
    reading = Reading(threads)
    for number in range(3):
        begin(reading, "ann", LONG, f"ann {number}")
    begin(reading, "ann", b"short", "short")
    others = [f"user {number}" for number in range(AT_ONCE)]
    for other in others:
        begin(reading, other, LONG, other)
    assert threads.names == ["ann 0", "short", *others[:-1]]
    threads.end()
    assert threads.names == ["short", *others]
    threads.end()
    threads.end()
    assert threads.names == [*others[1:], "ann 1"]


def test_a_client_that_leaves_frees_no_place_before_its_thread_ends() -> None:
    threads = Threads()
    reading = Reading(threads)
    left = begin(reading, "ann", LONG, "first")
    left.addErrback(lambda failure: None)
    waits = begin(reading, "ann", LONG, "second")
    waits.addErrback(lambda failure: None)
    begin(reading, "ann", LONG, "third")
    left.cancel()
    waits.cancel()
    assert threads.names == ["first"]
    threads.end()
    assert threads.names == ["third"]
