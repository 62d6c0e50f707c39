"""What errors of txmongo and pymongo mean to those who use the store."""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError
from txmongo.errors import TimeExceeded

from awed.model.errors import StoreAway, Superseded

_BAD_VALUE, _FAILED_TO_PARSE, _TYPE_MISMATCH, _NO_SUCH_COMMAND = 2, 9, 14, 59
_OURS = frozenset({_BAD_VALUE, _FAILED_TO_PARSE, _TYPE_MISMATCH, _NO_SUCH_COMMAND})
_REFUSED = frozenset({13, 18})
_DUPLICATE = 11000


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises what the database or the network is to blame for as :class:`~awed.model.errors.StoreAway`.

    A refused password is a :class:`ValueError`. What our own requests are to blame for stays as it is: no other try
    would help.
    """
    try:
        yield
    except BulkWriteError as error:
        # The only document whose key is made twice is the fence of a later writer (see awed.store.mongo.writer).
        if any(fault["code"] == _DUPLICATE for fault in error.details["writeErrors"]):
            raise Superseded from error
        raise StoreAway(f"database: {_messages(error)}") from error
    except OperationFailure as error:
        if error.code in _OURS:
            raise
        if error.code in _REFUSED:
            raise ValueError(f"the database refuses user and password: {error}") from error
        raise StoreAway(f"database: {error}") from error
    except PyMongoError as error:
        raise StoreAway(f"database: {error}") from error
    except TimeExceeded as error:
        raise StoreAway("database: it does not answer in time") from error


def _messages(error: BulkWriteError) -> str:
    """What the database says. The error's own text has the documents that were to be written, secrets among them."""
    faults = [*error.details.get("writeErrors", ()), *error.details.get("writeConcernErrors", ())]
    return "; ".join(sorted({str(fault.get("errmsg")) for fault in faults}))
