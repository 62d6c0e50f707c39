"""Makes answers of errors, in the form of the collection."""

from collections.abc import Sequence

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from awed.model.errors import AwedError, Gone
from awed.model.ids import new_id
from awed.tx.files import shortage
from awed.web.envelope import answer_error
from awed.web.traits import PLAIN, Traits
from awed.wire.errors import status_of

RETRY_AFTER = b"5"
"""Value of the header Retry-After, in seconds, for a request that failed because something did not answer."""

_OPERATIONS = {
    1: frozenset({b"GET", b"HEAD", b"PUT", b"POST", b"DELETE"}),
    2: frozenset({b"GET", b"HEAD", b"PUT", b"DELETE"}),
}
"""Methods of the original's scheme, by the number of names in the path: on a collection, and on one of its things."""

_log = Logger()


def error_answer(request: IRequest, failure: Failure, traits: Traits, path: str) -> bytes:
    """The answer to a request that ended in *failure*, in the form of a collection with these *traits*.

    Faults of awed itself are logged, with *path*, and not shown.
    """
    match failure.value:
        case Gone() as error:
            return answer_error(request, status_of(error), error.texts, {"oldest": error.oldest})
        case AwedError() as error:
            return traits.answer_error(request, *_refused(request, error))
        case MethodNotAllowed() as error:
            request.setHeader(b"Allow", ", ".join(sorted(error.valid_methods or ())).encode())
            status, text = traits.no_method or _no_method(request)
            return traits.answer_error(request, status, [text])
        case HTTPException():
            return no_resource(request, traits)
        case OSError() as error if (lack := shortage(error)) is not None:
            return traits.answer_error(request, *_refused(request, lack))
        case _:
            text = _logged(request, failure, path)
            return traits.answer_error(request, 500, [text])


def no_resource(request: IRequest, traits: Traits = PLAIN) -> bytes:
    """The answer for an unknown path."""
    path = request.path.decode("utf-8", "replace")
    return traits.answer_error(request, 404, [f"Resource {path} unknown"])


def _refused(request: IRequest, error: AwedError) -> tuple[int, Sequence[str]]:
    status = status_of(error)
    if status == 503:
        request.setHeader(b"Retry-After", RETRY_AFTER)
    return status, error.texts


def _no_method(request: IRequest) -> tuple[int, str]:
    """Status and text for a method that the path lacks: 501 if the original's scheme has it, else 405."""
    names = [name for name in request.path.split(b"/") if name]
    if request.method in _OPERATIONS.get(len(names), ()):
        return 501, "Not Implemented"
    return 405, "Method Not Allowed"


def _logged(request: IRequest, failure: Failure, path: str) -> str:
    """Log *failure*. Returns the text that is shown, which names the log entry."""
    incident = new_id()
    _log.failure(
        "{method} {path} failed, incident {incident}",
        failure,
        method=request.method.decode("ascii", "replace"),
        path=path,
        incident=incident,
    )
    return f"internal error, incident {incident}: see the server's log"
