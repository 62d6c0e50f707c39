"""A cache whose values expire."""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

LIFETIME = 300.0
"""Seconds for which a value is valid."""

MOST = 10_000
"""How many values are kept."""


class Recent(Generic[V]):
    """Values by key, each valid for LIFETIME. Beyond MOST the oldest are dropped. *seconds* is a clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._values: dict[str, tuple[float, V]] = {}

    def get(self, key: str) -> V | None:
        """The value of *key*, None if it is not there or has expired."""
        until, value = self._values.get(key, (0.0, None))
        return value if self._seconds() < until else None

    def put(self, key: str, value: V) -> None:
        """Keep *value* for LIFETIME from now on."""
        self._values.pop(key, None)  # so that the dict is in the order of age
        self._values[key] = (self._seconds() + LIFETIME, value)
        while len(self._values) > MOST:
            del self._values[next(iter(self._values))]
