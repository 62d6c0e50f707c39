"""Reading of workers' reports: one in query and form, or several in a JSON body."""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct
from twisted.logger import Logger

from awed.model.attempts import Cause
from awed.model.errors import AwedError, Invalid
from awed.model.ids import WorkId
from awed.model.tes import RunLog
from awed.model.work import LOG_NAMES, STREAMS, Cut, Report, ReportStatus
from awed.web.form import Part
from awed.web.kinds import INTEGER, Kind, count
from awed.wire.errors import status_of
from awed.wire.json import plain
from awed.wire.reports import MAX_AT_ONCE, MAX_COMPUTETIME, Number, OneReport, Outcome, is_text

MAX_PERF = 64 * 1024
"""Bytes of a performance record. A larger one is dropped."""

MAX_RUN_LOG = 8 * 1024 * 1024
"""The most bytes of the log of a run of a TES task."""

MAX_REPORTS = 16 * 1024 * 1024
"""Bytes of a body with several reports. Workers send reports with long logs one by one, in forms."""

_perf_decoder = msgspec.json.Decoder(dict[str, bool | Number | float | str | None])

_run_log_decoder = msgspec.json.Decoder(RunLog)

_log = Logger()


_CUT = re.compile(r"([0-9]{1,18}),([0-9]{1,9}),([0-9]{1,9})")


def _cut(name: str, texts: Sequence[str]) -> Cut:
    match = _CUT.fullmatch(texts[0])
    if match is None:
        raise Invalid(f"{name} must be three numbers with commas, size,head,line; found: {texts[0]}")
    return Cut(*map(int, match.groups()))


_A_CUT = Kind(_cut, {"type": "string"})

_reports_decoder = msgspec.json.Decoder(Annotated[list[OneReport], Meta(max_length=MAX_AT_ONCE)])


class ReportArguments(Struct, frozen=True):
    """The arguments of a report of one workunit."""

    status: Annotated[ReportStatus | None, "How the run ended."] = None
    computetime: Annotated[int, count(most=MAX_COMPUTETIME), "Seconds that it took."] = 0
    attempt: Annotated[int | None, "Which checkout of the workunit this is about."] = None
    exitstatus: Annotated[int | None, INTEGER, "Of the command; with 42 it is not tried again."] = None
    cause: Annotated[Cause | None, "What ended a run that was not done."] = None
    stdout_cut: Annotated[Cut | None, _A_CUT, "How stdout was shortened: size,head,line in bytes."] = None
    stderr_cut: Annotated[Cut | None, _A_CUT, "How stderr was shortened."] = None
    perf: Annotated[Part | None, "Performance record: a flat JSON object."] = None
    notes: Annotated[Part | None, "The same as worknotes."] = None
    stdout: Annotated[Part | None, "What the command wrote there."] = None
    stderr: Annotated[Part | None, "What the command wrote there."] = None
    worknotes: Annotated[Part | None, "What else there is to say."] = None
    tes: Annotated[Part | None, "Of a TES task: what is told of its executors and outputs (JSON)."] = None

    async def report(self, work: WorkId, client: str, max_log: int) -> Report:
        """The report of *work* by *client*, with the last *max_log* bytes of its logs. Raises
        :class:`~awed.model.errors.Invalid` if the status is missing."""
        if self.status is None:
            raise Invalid(f"This request type requires the status parameter: one of {', '.join(ReportStatus)}.")
        parts = {"stdout": self.stdout, "stderr": self.stderr, "worknotes": self.worknotes or self.notes}
        said = {name: await part.tail(max_log) for name, part in parts.items() if part is not None}
        cuts = {"stdout": self.stdout_cut, "stderr": self.stderr_cut}
        return Report(
            wuid=str(work),
            client=client,
            status=self.status,
            computetime=self.computetime,
            attempt=self.attempt,
            exitstatus=self.exitstatus,
            cause=self.cause,
            logs={name: data.decode(errors="replace") for name, data in said.items()},
            raw={name: said[name] for name in STREAMS if name in said and not is_text(said[name])},
            cuts={name: cut for name, cut in cuts.items() if cut is not None and _suits(cut, said.get(name, b""))},
            perf=await _measured(str(work), self.perf) if self.perf else None,
            tes=_run_log(await self.tes.read(MAX_RUN_LOG)) if self.tes else UNSET,
        )


def read_reports(client: str, body: bytes, max_log: int) -> list[Report]:
    """The reports in *body*. Raises :class:`~awed.model.errors.Invalid` if it is no list of reports."""
    try:
        return [_report(client, one, max_log) for one in _reports_decoder.decode(plain(body))]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid(f"the body must be a JSON list of reports: {error}") from None


def outcome(report: Report, fault: AwedError | None) -> Outcome:
    """The answer to one of several reports, which was refused with *fault* if that is not None."""
    return Outcome(report.wuid, 200) if fault is None else Outcome(report.wuid, status_of(fault), fault.texts)


def _report(client: str, one: OneReport, max_log: int) -> Report:
    return Report(
        wuid=one.wuid,
        client=client,
        status=one.status,
        computetime=one.computetime,
        attempt=one.attempt,
        exitstatus=one.exitstatus,
        cause=one.cause,
        logs={name: text[-max_log:] for name in LOG_NAMES if (text := getattr(one, name))},
        raw={name: one.raw[name][-max_log:] for name in STREAMS if name in one.raw},
        cuts={name: cut for name, cut in one.cuts.items() if name in STREAMS and _suits(cut, _bytes(one, name))},
        perf=None if one.perf is UNSET else _perf(one.wuid, one.perf),
        tes=one.tes,
    )


def _run_log(body: bytes) -> RunLog:
    try:
        return _run_log_decoder.decode(plain(body))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid(f"part tes: {error}") from None


def _bytes(one: OneReport, name: str) -> bytes:
    text: str = getattr(one, name)
    return one.raw.get(name) or text.encode()


def _suits(cut: Cut, data: bytes) -> bool:
    """Whether *data* can be what was left by *cut*; not if it was shortened here once more."""
    return cut.head + cut.line <= len(data) <= cut.size + cut.line


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
