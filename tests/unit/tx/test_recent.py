"""What is remembered is forgotten in time, and never grows without bound."""

import pytest
from twisted.internet.task import Clock

from awed.tx import recent
from awed.tx.recent import LIFETIME, Recent


def test_a_value_lives_for_a_while() -> None:
    clock = Clock()
    values: Recent[str] = Recent(clock.seconds)
    assert values.get("a") is None
    values.put("a", "x")
    clock.advance(LIFETIME - 1)
    assert values.get("a") == "x"
    clock.advance(1)
    assert values.get("a") is None


def test_looking_does_not_prolong_its_life_but_putting_does() -> None:
    clock = Clock()
    values: Recent[str] = Recent(clock.seconds)
    values.put("a", "x")
    clock.advance(LIFETIME - 1)
    values.put("a", "y")
    clock.advance(LIFETIME - 1)
    assert values.get("a") == "y"


def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST", 2)
    values: Recent[int] = Recent(Clock().seconds)
    for number, key in enumerate("abac"):
        values.put(key, number)
    assert [values.get(key) for key in "abc"] == [2, None, 3]
