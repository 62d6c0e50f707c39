"""Times on the wire: aware UTC datetimes, RFC 3339, and one value that means "not yet"."""

from datetime import UTC, datetime

NO_TIME = datetime.min.replace(tzinfo=UTC)
"""Shown as ``0001-01-01T00:00:00Z``: the thing has not happened."""


def rfc3339(moment: datetime) -> str:
    """The text form of an aware UTC time, as it stands in documents."""
    return moment.isoformat().replace("+00:00", "Z")
