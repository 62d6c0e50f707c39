"""The yardstick for requests: a Klein application that parses the form and answers a constant.

``python -m bench.common.constant FILE`` listens on a free port and writes its URL into FILE.
"""

import sys
from typing import Any

import msgspec
from klein import Klein
from multipart import PushMultipartParser, parse_options_header
from twisted.internet.task import react
from twisted.web.iweb import IRequest

from bench.common.serving import serve

WORKUNIT = {
    "wuid": "dd7e3cb8-9a2a-4a3e-b9ee-1e9f7a3f8a5e_0_0",
    "attempt": 1,
    "filler": "x" * 1400,
}
"""As long as the workunit of a command without files."""


class Constant:
    """A checkout, and a report; the same answers for ever."""

    app = Klein()
    _handed = msgspec.json.encode({"status": 200, "data": WORKUNIT, "error": None})
    _taken = msgspec.json.encode({"status": 200, "data": "ok", "error": None})

    @app.route("/work", methods=["GET"])
    async def checkout(self, request: IRequest) -> bytes:
        return _send(request, self._handed)

    @app.route("/work/<work_id>", methods=["PUT"])
    async def report(self, request: IRequest, work_id: str) -> bytes:
        _, options = parse_options_header(request.getHeader("content-type"))
        parser = PushMultipartParser(options["boundary"])
        for _ in parser.parse(request.content.read()):
            pass
        parser.close()
        return _send(request, self._taken)


def _send(request: IRequest, body: bytes) -> bytes:
    request.setHeader("Content-Type", "application/json")
    request.setHeader("Content-Length", str(len(body)))
    return body


async def main(reactor: Any, place: str) -> None:
    await serve(reactor, Constant().app.resource(), place)


if __name__ == "__main__":
    react(main, sys.argv[1:])
