"""The interface of those that observe the engine: event log, metrics, debug log."""

from collections.abc import Iterable

from awed.model.records import Batch
from awed.scheduler.changes import Effect


class Observer:
    """Base class of observers, whose methods do nothing. They are called in the middle of other work, so they must be
    quick and not raise."""

    def committed(self, batch: Batch, seconds: float) -> None:
        """*batch* is durable, so its events may be made known. The commit took *seconds*."""

    def commit_failed(self, error: Exception) -> None:
        """A commit failed with *error*. It is tried again."""

    def performed(self, effect: Effect, seconds: float) -> None:
        """*effect* is done or given up, *seconds* after it was begun."""


class Observers(Observer):
    """Passes all calls on to each of *observers*."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)

    def committed(self, batch: Batch, seconds: float) -> None:
        for observer in self._observers:
            observer.committed(batch, seconds)

    def commit_failed(self, error: Exception) -> None:
        for observer in self._observers:
            observer.commit_failed(error)

    def performed(self, effect: Effect, seconds: float) -> None:
        for observer in self._observers:
            observer.performed(effect, seconds)
