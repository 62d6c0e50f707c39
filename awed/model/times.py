"""Times on the wire: aware UTC datetimes, RFC 3339, and one value that means "not yet"; durations as ``7D``."""

import re
from datetime import UTC, datetime

NO_TIME = datetime.min.replace(tzinfo=UTC)
"""Shown as ``0001-01-01T00:00:00Z``: the thing has not happened."""

_UNITS = {"D": 86400, "H": 3600, "M": 60}
_DURATION = re.compile(r"([1-9][0-9]{0,6})([MHD])")


def rfc3339(moment: datetime) -> str:
    """The text form of an aware UTC time, as it stands in documents."""
    return moment.isoformat().replace("+00:00", "Z")


def parse_duration(text: str) -> float:
    """Seconds of a number of minutes, hours or days: ``30M``, ``12H``, ``7D``. Raises :class:`ValueError`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not a duration: {text}")
    return float(int(match[1]) * _UNITS[match[2]])


def utc(moment: datetime) -> datetime:
    """*moment* in UTC. One without a zone is taken to be UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or last hours of all time
        return moment.replace(tzinfo=UTC)
