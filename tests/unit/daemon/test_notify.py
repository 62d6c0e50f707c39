"""The service manager hears how we are, and nothing while there is no life."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, succeed

from awed.daemon.notify import Notifier, Watchdog, watchdog_interval


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.setblocking(False)
        yield receiver


def said(manager: socket.socket) -> list[bytes]:
    """What the manager was told since the last look."""
    messages = []
    while True:
        try:
            messages.append(manager.recv(4096))
        except BlockingIOError:
            return messages


def test_the_state_is_told_at_a_path(manager: socket.socket, tmp_path: Path) -> None:
    manager.bind(f"{tmp_path}/notify")
    Notifier(f"{tmp_path}/notify").tell(ready=1, status="Listening on a, b")
    assert said(manager) == [b"READY=1\nSTATUS=Listening on a, b"]


def test_the_state_is_told_at_an_abstract_name(manager: socket.socket) -> None:
    manager.bind("")  # the system chooses an abstract name
    name: bytes = manager.getsockname()
    Notifier(f"@{name[1:].decode()}").tell(stopping=1)
    assert said(manager) == [b"STOPPING=1"]


def test_without_a_manager_nobody_is_told() -> None:
    Notifier("").tell(ready=1)


def test_a_manager_that_is_gone_does_not_disturb(tmp_path: Path) -> None:
    Notifier(f"{tmp_path}/gone").tell(ready=1)


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
    ],
)
def test_signs_of_life_come_twice_as_often_as_is_asked_of_this_process(
    environ: dict[str, str], interval: float | None
) -> None:
    assert watchdog_interval(environ, 7) == interval


@pytest.mark.parametrize(
    ("answer", "signs"), [(succeed(True), [b"WATCHDOG=1"]), (succeed(False), []), (Deferred(), [])]
)
def test_a_sign_of_life_takes_life(
    manager: socket.socket, tmp_path: Path, answer: Deferred[bool], signs: list[bytes]
) -> None:
    manager.bind(f"{tmp_path}/notify")
    Deferred.fromCoroutine(Watchdog(Notifier(f"{tmp_path}/notify"), lambda: answer).beat())
    assert said(manager) == signs
