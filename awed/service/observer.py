"""Those who are told what the engine does: journals, metrics, the log."""

from collections.abc import Iterable

from awed.model.records import Batch
from awed.scheduler.changes import Effect


class Observer:
    """Is told, and does nothing: subclasses say more. Every method is called in the middle of work: it must be quick
    and not raise."""

    def committed(self, batch: Batch, seconds: float) -> None:
        """*batch* is durable, and its events may be told; it took the store *seconds*."""

    def commit_failed(self, error: Exception) -> None:
        """The store did not take a batch, which is tried again."""

    def performed(self, effect: Effect, seconds: float) -> None:
        """An effect is done, or will not be tried any more, *seconds* after it was asked for."""


class Observers(Observer):
    """Tells each of *observers*."""

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
