"""The yardstick for files: Twisted's own resource for a folder.

``python -m bench.common.files FOLDER FILE`` listens on a free port and writes its URL into FILE.
"""

import sys
from typing import Any

from twisted.internet.task import react
from twisted.web.static import File

from bench.common.serving import serve


async def main(reactor: Any, folder: str, place: str) -> None:
    await serve(reactor, File(folder), place)


if __name__ == "__main__":
    react(main, sys.argv[1:])
