"""Times on the wire: aware UTC datetimes, RFC 3339, and one value that means "not yet".

The wall clock is for people, and for moments that outlive the program. Somebody may set it at any time, so what lasts
is measured by monotonic clocks: ``seconds()`` of the reactor, :func:`time.monotonic`.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

NO_TIME = datetime.min.replace(tzinfo=UTC)
"""Shown as ``0001-01-01T00:00:00Z``: the thing has not happened."""


class Moment(NamedTuple):
    """A moment twice: by the wall clock, for documents, and by a monotonic one, for what lasts."""

    time: datetime
    seconds: float

    def after(self, seconds: float) -> "Moment":
        """So many seconds later."""
        return Moment(self.time + timedelta(seconds=seconds), self.seconds + seconds)


def now() -> datetime:
    """The time on the wall."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """The text form of an aware UTC time, as it stands in documents."""
    return moment.isoformat().replace("+00:00", "Z")


def utc(moment: datetime) -> datetime:
    """*moment* in UTC. One without a zone is taken to be UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or last hours of all time
        return moment.replace(tzinfo=UTC)
