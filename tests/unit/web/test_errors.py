"""Every error is answered with its texts, and what is awed's own fault tells a stranger nothing."""

import pytest
from klein import Klein
from twisted.internet.defer import succeed
from twisted.logger import capturedLogs
from twisted.web.iweb import IRequest

from awed.model import errors
from awed.web.errors import install_errors
from tests.conftest import LoggedErrors
from tests.unit.web.wire import Reply, call


class Raising:
    """A resource that raises what it is given, at once or after a wait."""

    app = Klein()
    install_errors(app)

    def __init__(self, error: Exception) -> None:
        self._error = error

    @app.route("/now")
    def now(self, request: IRequest) -> bytes:
        raise self._error

    @app.route("/later")
    async def later(self, request: IRequest) -> bytes:
        await succeed(None)
        raise self._error


def get(error: Exception, path: str = "/now") -> Reply:
    return call(Raising(error).app.resource(), "GET", path)


@pytest.mark.parametrize("path", ["/now", "/later"])
def test_all_texts_of_an_error_are_told(path: str) -> None:
    reply = get(errors.Invalid("one", "two"), path)
    assert reply.body == b'{"status":400,"data":null,"error":["one","two"]}'


def test_when_to_try_again() -> None:
    reply = get(errors.Unavailable("the store does not answer"))
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")


def test_a_fault_of_awed_is_logged_under_an_id_and_not_told(logged_errors: LoggedErrors) -> None:
    with capturedLogs() as logs:
        reply = get(ZeroDivisionError("secret"), "/now?token=hidden")
    (event,) = [event for event in logs if "incident" in event]
    assert reply.status == 500
    assert reply.json["error"] == [f"internal error, incident {event['incident']}: see the server's log"]
    assert event["log_failure"].check(ZeroDivisionError)
    assert logged_errors.flush(ZeroDivisionError)
    assert (event["method"], event["path"]) == ("GET", "/now")
