"""An identity server in memory, for tests."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from awed.auth.identity import IdentityHttp

T = TypeVar("T")

SILENCE = NOT_DONE_YET


class Server(Resource):
    """Answers each request as *answer* says, and keeps path and headers of what it was asked."""

    isLeaf = True

    def __init__(self, answer: Callable[[Request], object]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.clock = Clock()
        self._agent = RequestTraversalAgent(self)
        self.http = IdentityHttp(self._agent, self.clock)

    def render_GET(self, request: Request) -> bytes | int:
        headers = request.requestHeaders.getAllRawHeaders()
        self.asked.append(
            (request.uri.decode(), {name.decode().lower(): values[0].decode() for name, values in headers})
        )
        answer = self.answer(request)
        if answer is SILENCE:
            return NOT_DONE_YET
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def result(self, question: Coroutine[Deferred[object], object, T]) -> T:
        """What comes of *question* once the server has answered, or has been silent for a long time."""
        waiting = Deferred.fromCoroutine(question)
        results: list[Any] = []
        waiting.addBoth(results.append)
        self._agent.flush()
        self.clock.advance(1000)
        self._agent.flush()
        [result] = results
        if hasattr(result, "raiseException"):
            result.raiseException()
        return result  # type: ignore[no-any-return]


def status(code: int, body: object = b"") -> Callable[[Request], object]:
    """An answer with this status."""

    def answer(request: Request) -> object:
        request.setResponseCode(code)
        return body

    return answer
