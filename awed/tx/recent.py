"""A memory that forgets."""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

LIFETIME = 300.0
"""Seconds for which an answer about a user is taken for true."""

MOST = 10_000


class Recent(Generic[V]):
    """Values by key, each for :data:`LIFETIME` seconds; beyond :data:`MOST` the oldest go. *seconds* is a clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._values: dict[str, tuple[float, V]] = {}

    def get(self, key: str) -> V | None:
        """The value, if it is still remembered."""
        until, value = self._values.get(key, (0.0, None))
        return value if self._seconds() < until else None

    def put(self, key: str, value: V) -> None:
        """Remember *value* from now on."""
        self._values.pop(key, None)  # so that the first one is always the oldest
        self._values[key] = (self._seconds() + LIFETIME, value)
        while len(self._values) > MOST:
            del self._values[next(iter(self._values))]
