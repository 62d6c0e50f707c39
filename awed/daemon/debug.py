"""How much detail the log tells: from 0 (little) to 3; ``PUT /logger?debug=`` changes it."""

from collections.abc import Iterable

from twisted.logger import Logger

from awed.scheduler.changes import Event


class Debug:
    """From *level* 1 on, the log tells each event of the scheduler."""

    _log = Logger()

    def __init__(self, level: int) -> None:
        self.level = level

    def events(self, events: Iterable[Event]) -> None:
        if self.level >= 1:
            for event in events:
                self._log.debug("{code} {ids} {text}", code=event.code, ids=event.ids, text=event.text)
