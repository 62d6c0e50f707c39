"""Steps are taken in order and undone in reverse, whatever happens in between."""

from contextlib import AsyncExitStack
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from awed.daemon.lifecycle import SteppedService


class Run:
    """A service of two steps, the second of which ends when the test says so."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.second: Deferred[None] = Deferred()
        self.reactor = MemoryReactorClock()
        self.service = SteppedService(self.reactor, self.start, self.events.append)
        self.service.startService()

    async def start(self, stack: AsyncExitStack) -> None:
        self.events.append("first")
        stack.push_async_callback(self.undo, "first undone")
        await self.second
        self.events.append("second")
        stack.push_async_callback(self.undo, "second undone")

    async def undo(self, event: str) -> None:
        self.events.append(event)

    def begin(self) -> None:
        for function, args, kwargs in self.reactor.whenRunningHooks:
            function(*args, **kwargs)


def test_nothing_is_done_before_the_reactor_runs() -> None:
    run = Run()
    assert run.events == []
    assert run.service.stopService().called


def test_steps_are_undone_in_reverse() -> None:
    run = Run()
    run.begin()
    run.second.callback(None)
    assert run.service.stopService().called
    assert run.events == ["first", "second", "second undone", "first undone"]


def test_a_start_that_fails_is_undone_and_told() -> None:
    run = Run()
    run.begin()
    error = ValueError("no")
    run.second.errback(error)
    assert run.events == ["first", "first undone", error]
    assert run.service.stopService().called
    assert run.events == ["first", "first undone", error]


def test_a_stop_in_the_middle_of_the_start_undoes_what_was_done() -> None:
    run = Run()
    run.begin()
    assert run.service.stopService().called
    assert run.events == ["first", "first undone"]
