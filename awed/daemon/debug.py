"""How much detail the log tells: set by ``PUT /logger?debug=``, from 0 (none) to 3."""

from collections.abc import Iterable

from twisted.logger import Logger

from awed.scheduler.changes import Event


class Debug:
    """From *level* 1 on, the log tells each event of the scheduler."""

    _log = Logger()

    def __init__(self) -> None:
        self.level = 0

    def events(self, events: Iterable[Event]) -> None:
        if self.level >= 1:
            for event in events:
                self._log.debug("{code} {ids} {text}", code=event.code, ids=event.ids, text=event.text)
