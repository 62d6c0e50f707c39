"""Where an error becomes an answer, and the one registration on a Klein app."""

from collections.abc import Iterable

from klein import Klein
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from awed.model.errors import AwedError
from awed.model.ids import new_id
from awed.web.access_log import logged_path
from awed.web.envelope import answer_error
from awed.wire.errors import status_of

RETRY_AFTER = b"5"
"""Seconds after which a request that met an unavailable part is worth repeating."""

_OPERATIONS = {
    1: frozenset({b"GET", b"HEAD", b"PUT", b"POST", b"DELETE"}),
    2: frozenset({b"GET", b"HEAD", b"PUT", b"DELETE"}),
}
"""The methods that any collection could have, by the names in the path: on itself, and on one of its things."""

_log = Logger()


def new_app() -> Klein:
    """A Klein app for one collection, an attribute of its class: no redirects, every error in the envelope."""
    app = Klein()
    app.url_map.merge_slashes = False
    install_errors(app)
    return app


def install_errors(app: Klein) -> None:
    """Make *app*, an attribute of a class, answer every error in the envelope."""

    @app.handle_errors(Exception)
    def failed(self: object, request: IRequest, failure: Failure) -> bytes:
        return error_answer(request, failure)


def error_answer(request: IRequest, failure: Failure) -> bytes:
    """The answer to a request that ended in *failure*. What is nobody's fault but awed's is logged, and not told."""
    match failure.value:
        case AwedError() as error:
            return _refused(request, error)
        case MethodNotAllowed() as error:
            return _no_method(request, error.valid_methods or ())
        case HTTPException():
            return no_resource(request)
        case _:
            return _internal(request, failure)


def no_resource(request: IRequest) -> bytes:
    """The answer for a path that nothing has."""
    return answer_error(request, 404, [f"Resource {_path(request)} unknown"])


def _refused(request: IRequest, error: AwedError) -> bytes:
    status = status_of(error)
    if status == 503:
        request.setHeader(b"Retry-After", RETRY_AFTER)
    return answer_error(request, status, error.texts)


def _no_method(request: IRequest, allowed: Iterable[str]) -> bytes:
    """501 for an operation of the original's scheme that this collection does not have, 405 for any other method.
    For nodes it is 501 and the text of Shock."""
    request.setHeader(b"Allow", ", ".join(sorted(allowed)).encode())
    names = [name for name in request.path.split(b"/") if name]
    if names[:1] == [b"node"]:
        return answer_error(request, 501, ["This request type is not implemented."])
    if request.method in _OPERATIONS.get(len(names), ()):
        return answer_error(request, 501, ["Not Implemented"])
    return answer_error(request, 405, ["Method Not Allowed"])


def _internal(request: IRequest, failure: Failure) -> bytes:
    incident = new_id()
    _log.failure(
        "{method} {path} failed, incident {incident}",
        failure,
        method=request.method.decode("ascii", "replace"),
        path=logged_path(request.path),
        incident=incident,
    )
    return answer_error(request, 500, [f"internal error, incident {incident}: see the server's log"])


def _path(request: IRequest) -> str:
    return str(request.path.decode("utf-8", "replace"))
