"""Finished reports, on disk until the server has acknowledged them."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.logger import Logger
from twisted.python.failure import Failure

from awed.model.errors import AwedError, Conflict, TooLarge, Unauthorized
from awed.worker.outage import Outage
from awed.worker.report import Finished
from awed.worker.server import ServerClient
from awed.worker.workdir import file_name

AT_ONCE = 8
"""How many reports are on their way at a time."""


class Outbox:
    """Delivers reports, also those of an earlier life of this worker, and calls *delivered* after each.

    A report is written to disk before it is sent. The file is not synced: it is to outlive the worker, not the
    machine. After a crash of the machine the work is run again. *remove* takes files of delivered reports away; a
    report that is sent once more because that came too late is refused by the server.
    """

    _log = Logger()

    def __init__(
        self,
        directory: Path,
        server: ServerClient,
        outage: Outage,
        *,
        delivered: Callable[[], None],
        remove: Callable[[Path], None],
    ) -> None:
        self._directory = directory
        self._server = server
        self._outage = outage
        self._delivered = delivered
        self._remove = remove
        self._turn = DeferredSemaphore(AT_ONCE)
        self._waiting: dict[Path, Finished] = {}
        self._deliveries: set[Deferred[None]] = set()

    def load(self) -> None:
        """Take up the reports that lie on disk."""
        for path in sorted(self._directory.iterdir()):
            try:
                finished = msgspec.msgpack.decode(path.read_bytes(), type=Finished)
            except msgspec.DecodeError:  # half written when the worker was killed
                path.unlink()
            else:
                self._send(path, finished)

    def put(self, finished: Finished) -> None:
        """Take a new report."""
        path = self._directory / file_name(finished.wuid, finished.attempt)
        try:
            path.write_bytes(msgspec.msgpack.encode(finished))
        except OSError as error:
            self._log.error("cannot keep the report on {wuid}: {error}", wuid=finished.wuid, error=error)
        self._send(path, finished)

    def waiting(self) -> set[str]:
        """Ids of the workunits whose reports the server has not acknowledged."""
        return {finished.wuid for finished in self._waiting.values()}

    def close(self) -> None:
        """Stop delivering. What is not acknowledged stays on disk."""
        for delivery in list(self._deliveries):
            delivery.cancel()

    def _send(self, path: Path, finished: Finished) -> None:
        self._waiting[path] = finished
        delivery = Deferred.fromCoroutine(self._deliver(path, finished))
        self._deliveries.add(delivery)
        delivery.addBoth(self._sent, delivery)

    def _sent(self, result: object, delivery: Deferred[None]) -> None:
        self._deliveries.discard(delivery)
        if isinstance(result, Failure) and not result.check(CancelledError):
            self._log.failure("delivering a report failed", result)

    async def _deliver(self, path: Path, finished: Finished) -> None:
        await self._turn.acquire()
        try:
            await self._report(finished)
        finally:
            self._turn.release()
        self._forget(path, finished)

    def _forget(self, path: Path, finished: Finished) -> None:
        if self._waiting.get(path) is finished:
            self._remove(path)
            del self._waiting[path]
        self._delivered()

    async def _report(self, finished: Finished) -> None:
        """Returns when the server has taken the report, or has refused it for good."""
        wuid = finished.wuid
        try:
            # A refused token is waited out: that can be mended at the server, and the work is done.
            await self._outage.persist(lambda: self._server.report(finished), Unauthorized)
        except Conflict as error:
            self._log.info("{wuid} is no longer ours: {error}", wuid=wuid, error=error)
        except TooLarge:
            if finished.stdout or finished.stderr:
                await self._report(finished.without_logs())
        except AwedError as error:
            self._log.error("the report on {wuid} is refused: {error}", wuid=wuid, error=error)
