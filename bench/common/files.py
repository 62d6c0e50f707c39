"""The yardstick for files: Twisted's own resource for a folder, and one that takes files in.

``python -m bench.common.files FOLDER FILE`` listens on a free port and writes its URL into FILE.
"""

import os
import sys
from typing import Any

from twisted.internet.task import react
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.static import File

from bench.common.serving import serve


class Inbox(Resource):
    """Puts what comes on the disk. Twisted has written it to a temporary file by the time it gets here."""

    isLeaf = True

    def render_POST(self, request: Request) -> bytes:
        assert request.content is not None
        request.content.flush()
        os.fsync(request.content.fileno())
        return b'{"data": {"id": ""}}'


async def main(reactor: Any, folder: str, place: str) -> None:
    root = File(folder)
    root.putChild(b"node", Inbox())  # type: ignore[no-untyped-call]
    await serve(reactor, root, place)


if __name__ == "__main__":
    react(main, sys.argv[1:])
