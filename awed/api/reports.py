"""Reading of workers' reports: one in query and form, or several in a JSON body."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct
from twisted.logger import Logger

from awed.model.errors import AwedError, Invalid
from awed.model.ids import WorkId
from awed.model.work import LOG_NAMES, Cause, Report, ReportStatus
from awed.web.form import Part
from awed.web.kinds import INTEGER, count
from awed.wire.errors import status_of
from awed.wire.json import plain
from awed.wire.reports import MAX_AT_ONCE, MAX_COMPUTETIME, Number, OneReport, Outcome

MAX_LOG = 1024 * 1024
"""Bytes of a log that are kept, from its end, which has the most important messages."""

MAX_PERF = 64 * 1024
"""Bytes of a performance record. A larger one is dropped."""

MAX_REPORTS = 16 * 1024 * 1024
"""Bytes of a body with several reports. Workers send reports with long logs one by one, in forms."""

_perf_decoder = msgspec.json.Decoder(dict[str, bool | Number | float | str | None])

_log = Logger()


_reports_decoder = msgspec.json.Decoder(Annotated[list[OneReport], Meta(max_length=MAX_AT_ONCE)])


class ReportArguments(Struct, frozen=True):
    """The arguments of a report of one workunit."""

    status: Annotated[ReportStatus | None, "How the run ended."] = None
    computetime: Annotated[int, count(most=MAX_COMPUTETIME), "Seconds that it took."] = 0
    attempt: Annotated[int | None, "Which checkout of the workunit this is about."] = None
    exitstatus: Annotated[int | None, INTEGER, "Of the command; with 42 it is not tried again."] = None
    cause: Annotated[Cause | None, "What ended a run that was not done."] = None
    perf: Annotated[Part | None, "Performance record: a flat JSON object."] = None
    notes: Annotated[Part | None, "The same as worknotes."] = None
    stdout: Annotated[Part | None, "What the command wrote there."] = None
    stderr: Annotated[Part | None, "What the command wrote there."] = None
    worknotes: Annotated[Part | None, "What else there is to say."] = None

    async def report(self, work: WorkId, client: str) -> Report:
        """The report of *work* by *client*. Raises :class:`~awed.model.errors.Invalid` if the status is missing."""
        if self.status is None:
            raise Invalid(f"This request type requires the status parameter: one of {', '.join(ReportStatus)}.")
        parts = {"stdout": self.stdout, "stderr": self.stderr, "worknotes": self.worknotes or self.notes}
        return Report(
            wuid=str(work),
            client=client,
            status=self.status,
            computetime=self.computetime,
            attempt=self.attempt,
            exitstatus=self.exitstatus,
            cause=self.cause,
            logs={name: await _text(part) for name, part in parts.items() if part is not None},
            perf=await _measured(str(work), self.perf) if self.perf else None,
        )


def read_reports(client: str, body: bytes) -> list[Report]:
    """The reports in *body*. Raises :class:`~awed.model.errors.Invalid` if it is no list of reports."""
    try:
        return [_report(client, one) for one in _reports_decoder.decode(plain(body))]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid(f"the body must be a JSON list of reports: {error}") from None


def outcome(report: Report, fault: AwedError | None) -> Outcome:
    """The answer to one of several reports, which was refused with *fault* if that is not None."""
    return Outcome(report.wuid, 200) if fault is None else Outcome(report.wuid, status_of(fault), fault.texts)


def _report(client: str, one: OneReport) -> Report:
    said = {name: getattr(one, name) for name in LOG_NAMES}
    return Report(
        wuid=one.wuid,
        client=client,
        status=one.status,
        computetime=one.computetime,
        attempt=one.attempt,
        exitstatus=one.exitstatus,
        cause=one.cause,
        logs={name: text[-MAX_LOG:] for name, text in said.items() if text},
        perf=None if one.perf is UNSET else _perf(one.wuid, one.perf),
    )


async def _text(part: Part) -> str:
    """The last MAX_LOG bytes of a log as text. Bytes that are not UTF-8 are replaced."""
    return (await part.tail(MAX_LOG)).decode(errors="replace")


async def _measured(wuid: str, part: Part) -> Raw | None:
    if part.size > MAX_PERF:
        _log.warn("perf of workunit {work} dropped: it has {size} bytes", work=wuid, size=part.size)
        return None
    return _perf(wuid, plain(await part.read(MAX_PERF)))


def _perf(wuid: str, perf: bytes | Raw) -> Raw | None:
    """The performance record as it was sent. One that is no flat JSON object is dropped, and the report counts."""
    try:
        _perf_decoder.decode(perf)
        return Raw(perf)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        _log.warn("perf of workunit {work} dropped: {error}", work=wuid, error=error)
        return None
