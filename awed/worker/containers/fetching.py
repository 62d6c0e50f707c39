"""Fetches container images, each once for all who wait for it."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from awed.tx.locks import PerKey
from awed.worker.containers.interface import Place
from awed.worker.containers.variables import of_engine
from awed.worker.errors import WorkFailed
from awed.worker.logs import Outputs
from awed.worker.process import Start

GRACE = 5.0
"""Seconds that a program that fetches has to end."""

LIMIT = 3600.0
"""Seconds within which an image must be here."""

_TOLD = 2000
"""Bytes of the end of what it wrote that a failure tells."""

_NAME = re.compile(r"[\w][\w./:@+-]{0,500}", re.ASCII)


class Fetching:
    """Runs the program that *command* says for an image."""

    def __init__(self, start: Start, command: Callable[[str], list[str]], clock: IReactorTime) -> None:
        self._start = start
        self._command = command
        self._clock = clock
        self._one = PerKey(1)

    async def in_turn(self, image: str, have: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run *have*, which looks for *image* and fetches it, when it runs for no other who needs this image.

        Raises what *have* raises, and :class:`WorkFailed` after LIMIT, which includes the wait for others.
        """
        having = Deferred.fromCoroutine(self._alone(image, have))
        having.addTimeout(LIMIT, self._clock)
        try:
            await having
        except TimeoutError:
            raise WorkFailed(f"the image {image} could not be fetched within {LIMIT / 60:g} minutes") from None

    async def _alone(self, image: str, have: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with self._one.place(image):
            await have()

    async def fetch(self, image: str, place: Place) -> None:
        """Fetch *image*. Its progress goes to stderr. Raises :class:`WorkFailed` with what the program said."""
        root, logs, environ = place
        before = logs.stderr.size
        process = self._start(self._command(image), of_engine(environ), root, Outputs(logs.stderr, logs.stderr))
        try:
            exit = await process.ended()
        except CancelledError:
            await process.kill(self._clock, GRACE)
            raise
        if exit.status:
            begin = max(before, logs.stderr.size - _TOLD)
            said = logs.stderr.piece(begin, _TOLD).decode(errors="replace").strip()
            raise WorkFailed(f"cannot fetch the image {image}: {said or f'exit status {exit.status}'}")


def checked(image: str) -> str:
    """*image*, the name of an image. Raises :class:`WorkFailed` for what is none, and may be taken for an option."""
    if not _NAME.fullmatch(image):
        raise WorkFailed(f"{image!r} is no name of an image")
    return image
