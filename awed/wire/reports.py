"""Reports of workers on how workunits ended: one as a query and a form, or several as a list; and the answers."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from awed.model.attempts import Cause
from awed.model.tes import RunLog
from awed.model.work import STREAMS, Cut, Perf, ReportStatus

MAX_AT_ONCE = 1000
"""How many workunits one request may ask for, or report."""

Stream = Literal["stdout", "stderr"]

PIECE = 64 * 1024
"""Bytes of a log that are sent at a time while a command runs."""

MAX_COMPUTETIME = 10**9
"""Seconds of computetime that a report may have."""

Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


def is_text(log: bytes) -> bool:
    """Whether *log* is UTF-8, so that its text is all that need be kept of it."""
    try:
        log.decode()
    except UnicodeDecodeError:
        return False
    return True


class OneReport(Struct, omit_defaults=True):
    """A report in a list of several. Only *wuid* and *status* are required. *computetime* is in seconds. *raw*:
    stdout or stderr as it is, in base64, if that is not UTF-8. *cuts*: how they were shortened."""

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
    raw: dict[str, bytes] = {}
    cuts: dict[str, Cut] = {}
    tes: RunLog | UnsetType = UNSET


class LogPiece(Struct):
    """Up to :data:`PIECE` bytes of a stream that a running command has written. *offset*: where *data* begins in the
    whole stream. In JSON *data* is in base64."""

    wuid: str
    attempt: int
    stream: Stream
    offset: Annotated[int, Meta(ge=0)]
    data: Annotated[bytes, Meta(max_length=PIECE)]


class Outcome(Struct):
    """The answer to a report in a list of several: the status and errors that it would have had alone."""

    wuid: str
    status: int
    error: list[str] | None = None


class RunReport(Struct):
    """A report as the worker makes it.

    *exitstatus*: None if no command ran to its end, the negative number of the signal that ended it. *cause*: None if
    the workunit is done.
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
    cuts: dict[str, Cut] = {}
    tes: RunLog | UnsetType = UNSET

    @property
    def computetime(self) -> int:
        """Whole seconds for which the command ran, limited to what servers accept."""
        return min(max(0, round(self.perf.runtime)), MAX_COMPUTETIME)

    def entry(self) -> OneReport:
        """The report for a list. Bytes that are not UTF-8 are replaced, as the server does with those of a form."""
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
            raw={name: log for name in STREAMS if not is_text(log := getattr(self, name))},
            cuts=self.cuts,
            tes=self.tes,
        )

    def query(self, client: str) -> dict[str, str]:
        """The parameters of the request that sends the report alone."""
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
        for name, cut in self.cuts.items():
            query[f"{name}_cut"] = f"{cut.size},{cut.head},{cut.line}"
        return query

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """The files of the form that sends the report alone: performance record, and each log that is not empty."""
        yield "perf", msgspec.json.encode(self.perf)
        logs = {"worknotes": self.worknotes.encode(), "stdout": self.stdout, "stderr": self.stderr}
        for name, log in logs.items():
            if log:
                yield name, log
        if self.tes:
            yield "tes", msgspec.json.encode(self.tes)
