"""What commands write, sent to the server while they run."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from awed.client import work as calls
from awed.client.asynchronous import Server
from awed.model.errors import AwedError, ClientNotFound, Unavailable
from awed.wire.reports import PIECE, LogPiece, Stream
from awed.worker.logs import Log, Logs
from awed.worker.report import Key

PERIOD = 1.0
"""Seconds between two looks."""

AT_ONCE = 1 << 20
"""Bytes that are sent in one request, of all that run."""

BEHIND = 1 << 20
"""Bytes of one file that are still to be sent, from which on the next are the newest: the server keeps no more."""

REFUSED = 600.0
"""Seconds for which nothing is sent to a server that does not take it."""


class Tail:
    """Sends what the commands write that it follows, as the worker *client*. It fails in silence: whatever the server
    does not get now is in the report."""

    _log = Logger()

    def __init__(self, server: Server, client: str, clock: IReactorTime) -> None:
        self._server = server
        self._client = client
        self._clock = clock
        self._followed: dict[Key, Logs] = {}
        self._next: IDelayedCall | None = None
        self._sending = False
        self._begun = 0.0
        self._refused_until = 0.0

    def follow(self, key: Key, logs: Logs) -> None:
        """A command runs."""
        self._followed[key] = logs
        self._look_later()

    def leave(self, key: Key) -> None:
        """It has ended; its logs are not read any more."""
        self._followed.pop(key, None)
        if not self._followed and self._next is not None:
            self._next.cancel()
            self._next = None

    def _look_later(self, pause: float = PERIOD) -> None:
        if self._followed and self._next is None and not self._sending:
            self._next = self._clock.callLater(pause, self._look)

    def _look(self) -> None:
        self._next = None
        self._sending = True
        self._begun = self._clock.seconds()
        Deferred.fromCoroutine(self._send()).addErrback(self._broken).addBoth(self._looked)

    def _looked(self, _: object) -> None:
        self._sending = False
        self._look_later(max(0.0, self._begun + PERIOD - self._clock.seconds()))

    def _broken(self, failure: Failure) -> None:
        self._log.failure("sending what commands write failed", failure)

    async def _send(self) -> None:
        if self._clock.seconds() < self._refused_until or not (pieces := self._pieces()):
            return
        try:
            verdicts = await self._server.ask(calls.log_pieces(self._client, pieces))
        except (Unavailable, ClientNotFound):  # the next time, or in the report
            return
        except AwedError as error:
            self._refused_until = self._clock.seconds() + REFUSED
            self._log.info("the server takes no logs of commands that run: {error}", error=error)
            return
        for piece, verdict in zip(pieces, verdicts, strict=True):
            logs = self._followed.get(Key(piece.wuid, piece.attempt))
            if verdict is None and logs is not None:
                logs.sent[piece.stream] = piece.offset + len(piece.data)
            elif verdict is not None and not isinstance(verdict, Unavailable):
                self.leave(Key(piece.wuid, piece.attempt))

    def _pieces(self) -> list[LogPiece]:
        """What there is of news, no more in all than may go at once."""
        news = [
            (key, stream, log, logs.sent.get(stream, 0))
            for key, logs in self._followed.items()
            for stream, log in logs.streams.items()
            if log.size > logs.sent.get(stream, 0)
        ]
        share = min(PIECE, AT_ONCE // max(1, len(news)))
        return [_piece(key, stream, log, sent, share) for key, stream, log, sent in news]


def _piece(key: Key, stream: Stream, log: Log, sent: int, share: int) -> LogPiece:
    size = log.size
    offset = sent if size - sent <= BEHIND else size - share
    return LogPiece(key.wuid, key.attempt, stream, offset, log.piece(offset, share))
