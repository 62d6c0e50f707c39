"""Delivers reports on finished workunits to the server."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from awed.client import work as calls
from awed.client.asynchronous import Server
from awed.model.errors import AwedError, ClientNotFound, Conflict, TooLarge, Unauthorized, Unavailable
from awed.worker.journal import Journal
from awed.worker.outage import Outage
from awed.worker.report import Finished

Deliver = Callable[[list[Finished]], Awaitable[None]]
"""Delivers reports; its result comes when all of them are settled."""


class Lane:
    """A queue of reports: the first is delivered at once, then in turn up to *most* of those that came meanwhile."""

    _log = Logger()

    def __init__(self, deliver: Deliver, most: int) -> None:
        self._deliver = deliver
        self._most = most
        self._ready: deque[Finished] = deque()
        self._moving = False
        self._move: Deferred[None] | None = None

    def put(self, report: Finished) -> None:
        """Deliver *report*, after those before it."""
        self._ready.append(report)
        if not self._moving:
            self._move = Deferred.fromCoroutine(self._deliver_all())

    def close(self) -> None:
        """Cancel the delivery, and forget the reports in the queue."""
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


TOGETHER = 64
"""How many small reports go in one request."""

_PASSING = (Unavailable, ClientNotFound, Unauthorized)
"""Errors that are waited out. A refused token too: its rights can be mended at the server, and the work is done."""

Verdict = AwedError | None
"""Why the server refuses a report for good; None if it has taken the report."""


class Outbox:
    """Delivers reports, also those of an earlier run of this worker, and calls *delivered* when some are settled.

    A report stays in the *journal* until the server has taken it or refused it for good. A worker that is killed
    before it has the answer sends the report again, and the server refuses it. *client*: the id of this worker.
    """

    _log = Logger()

    def __init__(
        self, journal: Journal, server: Server, client: str, outage: Outage, *, delivered: Callable[[], None]
    ) -> None:
        self._journal = journal
        self._server = server
        self._client = client
        self._outage = outage
        self._delivered = delivered
        self._small = Lane(self._deliver_together, TOGETHER)
        self._large = Lane(self._deliver_each, 1)

    def __len__(self) -> int:
        return len(self._journal.reports)

    def load(self) -> None:
        """Open the journal and send its reports. Raises :class:`OSError` if it cannot be read or written."""
        self._journal.open()
        for report in list(self._journal.reports.values()):
            self._send(report)

    def put(self, report: Finished) -> None:
        """Keep a new report in the journal, and send it. A journal that cannot be written is only logged."""
        try:
            self._journal.add(report)
        except OSError as error:
            self._log.error("cannot keep the report on {work}: {error}", work=report.wuid, error=error)
        self._send(report)

    def waiting(self) -> set[str]:
        """Ids of the workunits whose reports the server has not acknowledged."""
        return {key.wuid for key in self._journal.reports}

    def close(self) -> None:
        """Stop delivering. Reports that are not settled stay in the journal."""
        self._small.close()
        self._large.close()
        self._journal.close()

    def _send(self, report: Finished) -> None:
        lane = self._small if report.is_small else self._large
        lane.put(report)

    async def _deliver_together(self, reports: list[Finished]) -> None:
        try:
            await self._persist(lambda: self._report_all(reports))
        except AwedError as refused:
            if len(reports) > 1 or isinstance(refused, TooLarge):  # a single report may be at fault
                await self._deliver_each(reports)
            else:
                self._settle([(report, refused) for report in reports])

    async def _report_all(self, reports: list[Finished]) -> None:
        """Send *reports* in one request, and remove those from the list that are settled.

        Raises the error of the first one that is to be sent again.
        """
        said = await self._server.ask(calls.report_all(self._client, reports))
        verdicts = list(zip(reports, said, strict=True))
        left = [(report, verdict) for report, verdict in verdicts if isinstance(verdict, _PASSING)]
        self._settle([(report, verdict) for report, verdict in verdicts if not isinstance(verdict, _PASSING)])
        reports[:] = [report for report, _ in left]
        for _, verdict in left:
            raise verdict

    async def _deliver_each(self, reports: list[Finished]) -> None:
        for report in reports:
            self._settle([(report, await self._report(report))])

    async def _report(self, report: Finished) -> Verdict:
        """Send *report* in a request of its own; without its logs if it is too large with them."""
        try:
            await self._persist(lambda: self._server.ask(calls.report(self._client, report)))
        except TooLarge as error:
            return await self._report(report.without_logs()) if report.stdout or report.stderr else error
        except AwedError as error:
            return error
        return None

    async def _persist(self, call: Callable[[], Awaitable[object]]) -> None:
        await self._outage.persist(call, *_PASSING)

    def _settle(self, verdicts: Iterable[tuple[Finished, Verdict]]) -> None:
        """Log the final *verdicts* of the server, and remove their reports from the journal."""
        settled = []
        for report, verdict in verdicts:
            settled.append(report)
            if isinstance(verdict, Conflict):
                self._log.info("{work} is no longer ours: {error}", work=report.wuid, error=verdict)
            elif verdict is not None:
                self._log.error("the report on {work} is refused: {error}", work=report.wuid, error=verdict)
        try:
            self._journal.settle(settled)
        except OSError as error:
            self._log.warn("cannot write the journal of reports: {error}", error=error)
        self._delivered()
