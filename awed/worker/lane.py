"""A way to the server on which reports follow one another."""

from collections import deque
from collections.abc import Awaitable, Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from awed.worker.report import Finished

Deliver = Callable[[list[Finished]], Awaitable[None]]
"""Returns when these reports are settled."""


class Lane:
    """Has reports delivered: the first at once, and each time up to *most* of those that came meanwhile."""

    _log = Logger()

    def __init__(self, deliver: Deliver, most: int) -> None:
        self._deliver = deliver
        self._most = most
        self._ready: deque[Finished] = deque()
        self._moving = False
        self._move: Deferred[None] | None = None

    def put(self, report: Finished) -> None:
        """Deliver this one, too."""
        self._ready.append(report)
        if not self._moving:
            self._move = Deferred.fromCoroutine(self._deliver_all())

    def close(self) -> None:
        """Stop delivering."""
        self._ready.clear()
        if self._move is not None:
            self._move.cancel()

    async def _deliver_all(self) -> None:
        self._moving = True
        try:
            while self._ready:
                await self._deliver([self._ready.popleft() for _ in range(min(len(self._ready), self._most))])
        except CancelledError:
            return
        except Exception:
            self._log.failure("delivering reports failed")
        finally:
            self._moving = False
