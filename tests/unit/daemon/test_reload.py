"""What makes sense is read again, and what does not leaves everything as it was."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from awed.config import ConfigError, parse_config
from awed.daemon.datadir import StartError
from awed.daemon.notify import Notifier
from awed.daemon.reload import Reloader, Source, need_restart, on_hangup
from tests.conftest import LoggedErrors
from tests.unit.web.traversal import at_once


class Told(Notifier):
    """Keeps what the service manager would be told."""

    def __init__(self) -> None:
        super().__init__("")
        self.states: list[set[str]] = []

    def tell(self, **state: int | str) -> None:
        self.states.append(set(state))


def raising(error: Exception) -> Callable[[], Any]:
    def read() -> None:
        raise error

    return read


def test_the_manager_hears_when_it_begins_and_when_it_is_done() -> None:
    told, used = Told(), list[str]()
    reloader = Reloader([Source("one", lambda: "new", used.append)], told, at_once)
    reloader.begin()
    assert used == ["new"]
    assert told.states == [{"reloading", "monotonic_usec"}, {"ready"}]


@pytest.mark.parametrize(
    "error", [ConfigError("no"), StartError("no"), FileNotFoundError("no"), ValueError("no"), ZeroDivisionError("no")]
)
def test_what_cannot_be_read_is_not_used_and_the_rest_is(error: Exception, logged_errors: LoggedErrors) -> None:
    used: list[str] = []
    sources = [Source("bad", raising(error), used.append), Source("good", lambda: "new", used.append)]
    with capturedLogs() as events:
        Reloader(sources, Told(), at_once).begin()
    assert used == ["new"]
    bad, good = map(formatEvent, events)
    assert bad.startswith("bad: not read again")
    assert good == "good: read again"
    logged_errors.flush(ZeroDivisionError)


def test_one_reload_at_a_time() -> None:
    reads: list[Deferred[str]] = []
    used: list[str] = []

    def in_thread(read: Callable[[], Any]) -> Any:
        reads.append(Deferred())
        return reads[-1]

    reloader = Reloader([Source("one", lambda: None, used.append)], Told(), in_thread)  # type: ignore[arg-type]
    reloader.begin()
    reloader.begin()
    assert len(reads) == 1
    reads[0].callback("first")
    reads[1].callback("second")
    assert used == ["first", "second"]


def test_what_a_running_daemon_cannot_take_is_named() -> None:
    old = parse_config("[Args]\ndebuglevel=1\n[Admin]\nusers=ada\n[Server]\ntitle=a\n", "").config
    new = parse_config("[Args]\ndebuglevel=2\n[Admin]\nusers=bob\n[Server]\ntitle=b\n", "").config
    assert need_restart(old, new) == ["[Server] title"]
    assert need_restart(old, old) == []


def test_a_hangup_is_obeyed_on_the_reactor_as_long_as_it_is_meant() -> None:
    before, calls = signal.getsignal(signal.SIGHUP), list[str]()

    class Reactor:
        def callFromThread(self, call: Callable[[], object]) -> None:
            call()

    with on_hangup(Reactor(), lambda: calls.append("reload")):  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGHUP)
    assert calls == ["reload"]
    assert signal.getsignal(signal.SIGHUP) is before
