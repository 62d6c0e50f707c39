"""Points in time: aware UTC datetimes, RFC 3339 text, and a value that means "not yet".

Wall-clock times are for people, and for times that outlive the process. The wall clock may be set at any time, so
durations are measured by monotonic clocks: ``seconds()`` of the reactor, :func:`time.monotonic`.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

NO_TIME = datetime.min.replace(tzinfo=UTC)
"""The thing has not happened. Shown as ``0001-01-01T00:00:00Z``."""


class Moment(NamedTuple):
    """A point in time, by the wall clock for documents (*time*) and by a monotonic one for durations (*seconds*)."""

    time: datetime
    seconds: float

    def after(self, seconds: float) -> "Moment":
        """The moment *seconds* later."""
        return Moment(self.time + timedelta(seconds=seconds), self.seconds + seconds)


def now() -> datetime:
    """The time by the wall clock."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """An aware UTC time as text, as documents show it."""
    return moment.isoformat().replace("+00:00", "Z")


def utc(moment: datetime) -> datetime:
    """*moment* in UTC. A datetime without a time zone is taken to be in UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within a day of datetime.min or datetime.max
        return moment.replace(tzinfo=UTC)
