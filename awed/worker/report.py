"""What a worker says of a workunit it is done with, as it is kept on disk and as it is sent."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec import Struct

from awed.model.work import Perf, ReportStatus

SMALL = 64 << 10
"""Bytes of logs up to which a report is sent together with others."""

MOST_SECONDS = 10**9


class Key(NamedTuple):
    """One run of a workunit."""

    wuid: str
    attempt: int


class Entry(Struct, omit_defaults=True):
    """A report as one of several in the body of a request."""

    wuid: str
    status: ReportStatus
    attempt: int
    computetime: int
    perf: Perf
    exitstatus: int | None = None
    worknotes: str = ""
    stdout: str = ""
    stderr: str = ""


class Finished(Struct):
    """The report on a workunit. *exitstatus* is None if no command ran to an end, negative for a signal."""

    wuid: str
    attempt: int
    status: ReportStatus
    perf: Perf
    exitstatus: int | None = None
    worknotes: str = ""
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def key(self) -> Key:
        return Key(self.wuid, self.attempt)

    @property
    def computetime(self) -> int:
        """Whole seconds, in the range that servers take: the clock may have been set while the command ran."""
        return min(max(0, round(self.perf.runtime)), MOST_SECONDS)

    @property
    def is_small(self) -> bool:
        return len(self.worknotes) + len(self.stdout) + len(self.stderr) <= SMALL

    def entry(self) -> Entry:
        """The report beside others. Bytes that are not UTF-8 are replaced, as the server does it in a form."""
        return Entry(
            wuid=self.wuid,
            status=self.status,
            attempt=self.attempt,
            computetime=self.computetime,
            perf=self.perf,
            exitstatus=self.exitstatus,
            worknotes=self.worknotes,
            stdout=self.stdout.decode(errors="replace"),
            stderr=self.stderr.decode(errors="replace"),
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
        return query

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """The files of its form: the performance record, and each log that is not empty."""
        yield "perf", msgspec.json.encode(self.perf)
        logs = {"worknotes": self.worknotes.encode(), "stdout": self.stdout, "stderr": self.stderr}
        for name, log in logs.items():
            if log:
                yield name, log

    def without_logs(self) -> "Finished":
        """The same in few bytes, for a server to which it was too large."""
        notes = f"{self.worknotes[:1000]}\n[stdout and stderr were too large for the server]"
        return msgspec.structs.replace(self, worknotes=notes, stdout=b"", stderr=b"")


def refusal(wuid: str, attempt: int, *texts: str) -> Finished:
    """The report on a workunit that was not run."""
    return Finished(wuid, attempt, ReportStatus.FAIL, Perf(), worknotes="\n".join(texts))


def handed_back(key: Key) -> Finished:
    """The report on a workunit that was not begun here, and is others' to run."""
    return Finished(key.wuid, key.attempt, ReportStatus.DISCARDED, Perf())
