"""How a worker says how a workunit ended: alone, in a query and a form, or several in a list; and what it hears."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from awed.model.work import Cause, Perf, ReportStatus

MAX_AT_ONCE = 1000
"""How many workunits one request may ask for, or report."""

MAX_COMPUTETIME = 10**9
"""Seconds; a worker that says more is wrong."""

Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class OneReport(Struct, omit_defaults=True):
    """One workunit's end, in a body that tells of several. Only the first two must be there."""

    wuid: str
    status: ReportStatus
    attempt: Annotated[int, Meta(ge=0)] | None = None
    computetime: Annotated[int, Meta(ge=0, le=MAX_COMPUTETIME)] = 0
    exitstatus: Number | None = None
    cause: Cause | None = None
    perf: Raw | UnsetType = UNSET
    stdout: str = ""
    stderr: str = ""
    worknotes: str = ""


class Outcome(Struct):
    """What became of one of several reports, as if it had come alone."""

    wuid: str
    status: int
    error: list[str] | None = None


class RunReport(Struct):
    """A workunit's end, as its worker knows it.

    *exitstatus*: None if no command ran to an end, negative for a signal. *cause*: None if it went well.
    """

    wuid: str
    attempt: int
    status: ReportStatus
    perf: Perf
    exitstatus: int | None = None
    worknotes: str = ""
    stdout: bytes = b""
    stderr: bytes = b""
    cause: Cause | None = None

    @property
    def computetime(self) -> int:
        """Whole seconds, in the range that servers take: the clock may have been set while the command ran."""
        return min(max(0, round(self.perf.runtime)), MAX_COMPUTETIME)

    def entry(self) -> OneReport:
        """The report beside others. Bytes that are not UTF-8 are replaced, as the server does it in a form."""
        return OneReport(
            wuid=self.wuid,
            status=self.status,
            attempt=self.attempt,
            computetime=self.computetime,
            exitstatus=self.exitstatus,
            cause=self.cause,
            perf=Raw(msgspec.json.encode(self.perf)),
            stdout=self.stdout.decode(errors="replace"),
            stderr=self.stderr.decode(errors="replace"),
            worknotes=self.worknotes,
        )

    def query(self, client: str) -> dict[str, str]:
        """The parameters of the request that delivers it alone."""
        query = {
            "status": str(self.status),
            "client": client,
            "computetime": str(self.computetime),
            "attempt": str(self.attempt),
        }
        if self.exitstatus is not None:
            query["exitstatus"] = str(self.exitstatus)
        if self.cause is not None:
            query["cause"] = str(self.cause)
        return query

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """The files of its form: the performance record, and each log that is not empty."""
        yield "perf", msgspec.json.encode(self.perf)
        logs = {"worknotes": self.worknotes.encode(), "stdout": self.stdout, "stderr": self.stderr}
        for name, log in logs.items():
            if log:
                yield name, log
