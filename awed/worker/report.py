"""The report on a workunit, as a worker keeps it until the server has taken it."""

from typing import NamedTuple

import msgspec

from awed.model.attempts import Cause
from awed.model.work import Perf, ReportStatus
from awed.wire.reports import RunReport

SMALL = 64 << 10
"""Bytes of notes, stdout and stderr up to which a report is sent together with others."""


class Key(NamedTuple):
    """Identifies one run of a workunit."""

    wuid: str
    attempt: int


class Finished(RunReport):
    """A report as the journal holds it."""

    @property
    def key(self) -> Key:
        return Key(self.wuid, self.attempt)

    @property
    def reason(self) -> str:
        """Why the workunit failed, in one line."""
        lines = self.worknotes.split("\n", 1)
        return lines[0] or f"exit status {self.exitstatus}"

    @property
    def is_small(self) -> bool:
        return len(self.worknotes) + len(self.stdout) + len(self.stderr) <= SMALL

    def without_logs(self) -> "Finished":
        """This report with no stdout and stderr and at most 1000 characters of notes, as it was too large."""
        notes = f"{self.worknotes[:1000]}\n[stdout and stderr were too large for the server]"
        return msgspec.structs.replace(self, worknotes=notes, stdout=b"", stderr=b"", cuts={})


def refusal(wuid: str, attempt: int, *texts: str) -> Finished:
    """The report of a failure, because of *texts*, on a workunit that was not run to its end."""
    return Finished(wuid, attempt, ReportStatus.FAIL, Perf(), worknotes="\n".join(texts))


def handed_back(key: Key) -> Finished:
    """The report on a workunit that was not begun here, so that the server gives it to another worker."""
    return Finished(key.wuid, key.attempt, ReportStatus.DISCARDED, Perf(), cause=Cause.DISCARDED)
