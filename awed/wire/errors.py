"""Which status an error has, and which error an answer is: the one table, read both ways."""

from collections.abc import Mapping, Sequence

from awed.model import errors
from awed.model.errors import AwedError

STATUSES: tuple[tuple[type[AwedError], int], ...] = (
    (errors.Unimplemented, 501),
    (errors.Invalid, 400),
    (errors.Unauthorized, 401),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.Locked, 423),
    (errors.QuotaReached, 429),
    (errors.Unavailable, 503),
    (errors.NoSpace, 507),
    (AwedError, 400),
)

_FAMILIES: Mapping[int, type[AwedError]] = {
    **{status: family for family, status in reversed(STATUSES) if status < 500},
    **{403: errors.Unauthorized, 410: errors.NotFound, 501: errors.Invalid},  # of other hosts
}

_TOLD_APART = (
    *(errors.ClientNotFound, errors.ClientBusy, errors.ClientSuspended),
    *(errors.NoEligibleWork, errors.QueueEmpty, errors.QueueSuspended),
)
"""Errors of status 400 that workers know by their text."""


def status_of(error: AwedError) -> int:
    """The HTTP status of an error's family."""
    return next(status for family, status in STATUSES if isinstance(error, family))


def error_of(status: int, texts: Sequence[str]) -> AwedError:
    """The error that an answer of this *status* is, with its *texts*. What may pass by itself at the server is
    :class:`~awed.model.errors.Unavailable`.
    """
    for error in (family() for family in _TOLD_APART if status == 400):
        if error.texts[0] in texts:
            return error
    unnamed = errors.Unavailable if status >= 500 else errors.Invalid
    return _FAMILIES.get(status, unnamed)(*texts or [f"status {status}"])
