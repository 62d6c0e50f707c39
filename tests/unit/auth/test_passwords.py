"""Passwords are stored as argon2 hashes, and checking them costs nobody but who guesses."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from awed.auth.passwords import (
    AT_ONCE,
    FREE_TRIES,
    LONGEST_PAUSE,
    MOST_WAITING,
    PasswordChecks,
    hash_password,
    matches,
)
from awed.model.errors import Unavailable


class Threads:
    """Hashes that take as long as the test wants."""

    def __init__(self) -> None:
        self.running: list[Deferred[bool]] = []
        self.begun = 0

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        self.begun += 1
        hashed: Deferred[bool] = Deferred(lambda _: None)  # nothing stops a thread
        self.running.append(hashed)
        return hashed

    def end(self, right: bool = False) -> None:
        self.running.pop(0).callback(right)


class World:
    def __init__(self) -> None:
        self.threads, self.clock = Threads(), Clock()
        self.checks = PasswordChecks(self.threads, self.clock)

    def ask(self, address: str, password: str = "p") -> Deferred[bool]:
        return Deferred.fromCoroutine(self.checks.is_right("stored", password, address))

    def guess(self, address: str, times: int) -> None:
        for _ in range(times):
            self.ask(address)
            self.threads.end()


@pytest.fixture
def world() -> World:
    return World()


def test_strangers_who_leave_early_have_no_more_checks_under_way_than_others(world: World) -> None:
    asked = [world.ask(f"192.0.2.{number}") for number in range(50)]
    for each in asked:
        each.addErrback(lambda failure: failure.trap(CancelledError))
        each.cancel()
    assert (len(world.threads.running), world.threads.begun) == (AT_ONCE, AT_ONCE)
    while world.threads.running:
        assert len(world.threads.running) <= AT_ONCE
        world.threads.end()


def test_one_address_has_one_check_at_a_time_and_others_go_between(world: World) -> None:
    for _ in range(10):
        world.ask("192.0.2.1")
    world.ask("192.0.2.2")
    assert world.threads.begun == 2


def test_who_guesses_waits_ever_longer_and_nobody_else_does(world: World) -> None:
    world.guess("192.0.2.1", FREE_TRIES)
    for pause in (1, 2, 4):
        world.ask("192.0.2.1")
        world.clock.advance(pause - 0.1)
        assert not world.threads.running
        world.clock.advance(0.1)
        world.threads.end()
    world.ask("192.0.2.2")
    assert world.threads.running


def test_the_pause_has_an_end_and_a_right_password_ends_it(world: World) -> None:
    for _ in range(FREE_TRIES + 20):
        world.ask("192.0.2.1")
        world.clock.advance(LONGEST_PAUSE)
        world.threads.end()
    found = world.ask("192.0.2.1")
    world.clock.advance(LONGEST_PAUSE)
    world.threads.end(right=True)
    assert found.result is True
    world.ask("192.0.2.1", "another")
    assert world.threads.running


def test_a_network_of_ipv6_counts_as_one_address(world: World) -> None:
    world.ask("2001:db8::1")
    world.ask("2001:db8::2")
    assert world.threads.begun == 1


def test_too_many_that_wait_are_refused(world: World) -> None:
    for _ in range(MOST_WAITING + 1):
        world.ask("192.0.2.1")
    refused: list[Any] = []
    world.ask("192.0.2.1").addErrback(refused.append)
    assert refused[0].check(Unavailable)


def test_a_right_password_is_not_checked_again_for_a_while(world: World) -> None:
    world.ask("192.0.2.1")
    world.threads.end(right=True)
    assert world.ask("192.0.2.9").result is True
    world.clock.advance(300)
    world.ask("192.0.2.9")
    assert world.threads.running


def test_each_hash_is_salted_argon2() -> None:
    one, other = hash_password("p"), hash_password("p")
    assert one != other
    assert one.startswith("$argon2id$")
    assert matches(one, "p")
    assert matches(other, "p")


@pytest.mark.parametrize("stored", ["", "p", "$argon2id$", "$argon2id$v=19$m=65536,t=3,p=4$x$y"])
def test_what_is_no_hash_matches_nothing(stored: str) -> None:
    assert not matches(stored, "p")
    assert not matches(stored, "")


def test_a_wrong_password() -> None:
    assert not matches(hash_password("p"), "q")
