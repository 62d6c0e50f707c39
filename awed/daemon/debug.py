"""The debug level of the log, 0 (little) to 3, which ``PUT /logger?debug=`` changes."""

from collections.abc import Callable
from time import perf_counter

from twisted.logger import Logger

from awed.model.events import WORDS
from awed.model.records import Batch
from awed.scheduler.changes import Effect, about
from awed.service.observer import Observer
from awed.web.request import ShortRequest

REQUESTS, EVENTS, STEPS = 1, 2, 3
"""The levels from which on the log has each request, each event, and each commit and work on files."""

_FIELDS = {"jobid": "job", "taskid": "task", "wuid": "work", "clientid": "client", "group": "group"}
"""The fields of log messages for the ids in events."""


class Debug(Observer):
    """Logs what the present *level* asks for. *changed* is called with each new level."""

    _log = Logger()

    def __init__(self, level: int, changed: Callable[[int], object]) -> None:
        self.level = level
        self._changed = changed

    def set_level(self, level: int) -> None:
        """Set the level, 0 to 3."""
        self.level = level
        self._changed(level)

    def answered(self, request: ShortRequest) -> None:
        """Log a request that is answered. The query is left out, as it may have secrets."""
        if self.level >= REQUESTS:
            self._log.debug(
                "{method} {path}: {status} after {ms:.1f} ms",
                method=request.method.decode("ascii", "replace"),
                path=request.shown_path,
                status=request.code,
                ms=(perf_counter() - request.received) * 1000,
            )

    def committed(self, batch: Batch, seconds: float) -> None:
        if self.level >= EVENTS:
            for event in batch.events:
                ids = {_FIELDS[name]: value for name, value in event.ids.items()}
                text = f": {event.text}" if event.text else ""
                self._log.debug("{code} {words}{text}", code=event.code, words=WORDS[event.code], text=text, **ids)
        if self.level >= STEPS:
            self._log.debug("commit of {size} records: {ms:.1f} ms", size=batch.size, ms=seconds * 1000)

    def performed(self, effect: Effect, seconds: float) -> None:
        if self.level >= STEPS:
            kind = type(effect).__name__.lower()
            self._log.debug("files, {kind}: {ms:.1f} ms", kind=kind, ms=seconds * 1000, **about(effect))
