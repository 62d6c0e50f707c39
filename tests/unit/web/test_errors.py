"""Every error is answered with its texts, and what is awed's own fault tells a stranger nothing."""

from collections.abc import Sequence

import pytest
from twisted.internet.defer import succeed
from twisted.logger import capturedLogs
from twisted.web.iweb import IRequest

from awed.model import errors
from awed.web.body import requests_with
from awed.web.calls import Call, Calls
from awed.web.envelope import send_json
from awed.web.traits import PLAIN, Traits
from tests.conftest import LoggedErrors
from tests.unit.web.wire import ANYONE, BODIES, Plain, Reply, call, root


class Raising(Plain):
    """A collection that raises what it is given: on the straight way, and on Klein's."""

    calls = Calls[None]()

    def __init__(self, error: Exception, traits: Traits = PLAIN) -> None:
        self._error = error
        self.traits = traits

    @calls("GET /", ANYONE)
    @calls("GET /<thing>/part", ANYONE)
    async def show(self, call: Call[None]) -> str:
        await succeed(None)
        raise self._error


def get(error: Exception, path: str = "/things", traits: Traits = PLAIN) -> Reply:
    site = root(Raising(error, traits), "things")
    return call(site, "GET", path, request_factory=requests_with(BODIES, site.traits))


@pytest.mark.parametrize("path", ["/things", "/things/a/part"])
def test_all_texts_of_an_error_are_told(path: str) -> None:
    reply = get(errors.Invalid("one", "two"), path)
    assert reply.body == b'{"status":400,"data":null,"error":["one","two"]}'


def in_one_text(request: IRequest, status: int, texts: Sequence[str]) -> bytes:
    return send_json(request, {"message": ", ".join(texts)}, status)


@pytest.mark.parametrize("path", ["/things", "/things/a/part", "/things/a/b/c"])
def test_a_collection_words_its_errors(path: str) -> None:
    reply = get(errors.JobNotFound("j"), path, Traits(answer_error=in_one_text))
    text = f"Resource {path} unknown" if path.endswith("c") else "job not found: j"
    assert (reply.status, reply.json) == (404, {"message": text})


def test_when_to_try_again() -> None:
    reply = get(errors.Unavailable("the store does not answer"))
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")


def test_a_fault_of_awed_is_logged_under_an_id_and_not_told(logged_errors: LoggedErrors) -> None:
    with capturedLogs() as logs:
        reply = get(ZeroDivisionError("secret"), "/things?token=hidden")
    (event,) = [event for event in logs if "incident" in event]
    assert reply.status == 500
    assert reply.json["error"] == [f"internal error, incident {event['incident']}: see the server's log"]
    assert event["log_failure"].check(ZeroDivisionError)
    assert logged_errors.flush(ZeroDivisionError)
    assert (event["method"], event["path"]) == ("GET", "/things")
