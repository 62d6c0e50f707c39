"""How much detail the log tells: from 0 (little) to 3; ``PUT /logger?debug=`` changes it."""

from collections.abc import Callable, Sequence

from twisted.logger import Logger

from awed.scheduler.changes import Event
from awed.service.observer import Observer


class Debug(Observer):
    """From *level* 1 on, the log tells each event of the scheduler. *changed* hears of a new level."""

    _log = Logger()

    def __init__(self, level: int, changed: Callable[[int], object]) -> None:
        self.level = level
        self._changed = changed

    def set_level(self, level: int) -> None:
        """Tell so much from now on."""
        self.level = level
        self._changed(level)

    def happened(self, events: Sequence[Event]) -> None:
        if self.level >= 1:
            for event in events:
                self._log.debug("{code} {ids} {text}", code=event.code, ids=event.ids, text=event.text)
