"""Finished reports on their way to the server."""

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


TOGETHER = 64
"""How many small reports go in one request."""

_PASSING = (Unavailable, ClientNotFound, Unauthorized)
"""Refusals that are waited out. That of a token as well: it can be mended at the server, and the work is done."""

Verdict = AwedError | None
"""Why the server refuses a report for good; None if it has taken it."""


class Outbox:
    """Delivers reports, also those of an earlier life of this worker, and calls *delivered* after each request.

    A report is in the *journal* until the server has taken it, or has refused it for good. One that is sent again,
    because the worker was killed before it knew, is refused.
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
        """Take up the reports that lie on disk. Raises :class:`OSError` if nothing can be kept there."""
        self._journal.open()
        for report in list(self._journal.reports.values()):
            self._send(report)

    def put(self, report: Finished) -> None:
        """Take a new report."""
        try:
            self._journal.add(report)
        except OSError as error:
            self._log.error("cannot keep the report on {work}: {error}", work=report.wuid, error=error)
        self._send(report)

    def waiting(self) -> set[str]:
        """Ids of the workunits whose reports the server has not acknowledged."""
        return {key.wuid for key in self._journal.reports}

    def close(self) -> None:
        """Stop delivering. What is not acknowledged stays on disk."""
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
            if len(reports) > 1 or isinstance(refused, TooLarge):  # one may spoil it for all
                await self._deliver_each(reports)
            else:
                self._settle([(report, refused) for report in reports])

    async def _report_all(self, reports: list[Finished]) -> None:
        """One request for all. What is settled by it leaves the list; if something is left, says why by an error."""
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
        """A request of its own for this one."""
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
        """The server has said its last word on these."""
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
