"""HTTP statuses of errors: the server makes a status of an error by this table, and clients an error of a status."""

from collections.abc import Mapping, Sequence

from awed.model import errors
from awed.model.errors import AwedError

STATUSES: tuple[tuple[type[AwedError], int], ...] = (
    (errors.Unimplemented, 501),
    (errors.Invalid, 400),
    (errors.Unauthorized, 401),
    (errors.Gone, 410),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.KeyReused, 422),
    (errors.Locked, 423),
    (errors.QuotaReached, 429),
    (errors.Unavailable, 503),
    (errors.NoSpace, 507),
    (AwedError, 400),
)
"""Each class of errors with its status; the first that an error is an instance of counts."""

_FAMILIES: Mapping[int, type[AwedError]] = {
    **{status: family for family, status in reversed(STATUSES) if status < 500},
    **{403: errors.Unauthorized, 501: errors.Invalid},  # sent by other hosts only
}

_TOLD_APART = (
    *(errors.ClientNotFound, errors.ClientBusy, errors.ClientSuspended),
    *(errors.NoEligibleWork, errors.QueueEmpty, errors.QueueSuspended),
)
"""Errors with status 400 that a client recognises by their text."""


def status_of(error: AwedError) -> int:
    """The HTTP status for *error*."""
    return next(status for family, status in STATUSES if isinstance(error, family))


def error_of(status: int, texts: Sequence[str]) -> AwedError:
    """The error that an answer with this *status* and these *texts* stands for.

    :class:`~awed.model.errors.Unavailable` for 5xx without a class of its own, as the same request may succeed later.
    """
    for error in (family() for family in _TOLD_APART if status == 400):
        if error.texts[0] in texts:
            return error
    unnamed = errors.Unavailable if status >= 500 else errors.Invalid
    return _FAMILIES.get(status, unnamed)(*texts or [f"status {status}"])
