"""What SIGHUP has read again while the daemon runs. A source that makes no sense leaves everything as it was."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

from awed.config import Config, ConfigError
from awed.config.settings import settings
from awed.daemon.datadir import StartError
from awed.daemon.notify import Notifier
from awed.tx.threads import InThread

RENEWABLE = frozenset({("args", "debuglevel"), ("admin", "users")})
"""The settings that a running daemon can take anew, as attributes of a configuration."""


class Source(Struct, frozen=True):
    """Something that can be read again. *read* runs in a thread, *use* takes what it returns."""

    name: str
    read: Callable[[], Any]
    use: Callable[[Any], object]


class Reloader:
    """Reads its sources again, one after the other, and tells what became of each."""

    _log = Logger()

    def __init__(self, sources: Sequence[Source], notifier: Notifier, in_thread: InThread) -> None:
        self._sources = sources
        self._notifier = notifier
        self._in_thread = in_thread
        self._turn = DeferredLock()

    def begin(self) -> None:
        """Let all of them be read, after any reload that is under way."""
        Deferred.fromCoroutine(self.reload())

    async def reload(self) -> None:
        """Read all of them."""
        async with self._turn:
            self._notifier.tell(reloading=1, monotonic_usec=time.monotonic_ns() // 1000)
            for source in self._sources:
                await self._renew(source)
            self._notifier.tell(ready=1)

    async def _renew(self, source: Source) -> None:
        try:
            source.use(await self._in_thread(source.read))
        except (ConfigError, StartError, OSError, ValueError) as error:
            self._log.error("{source}: not read again, all stays as it was: {error}", source=source.name, error=error)
        except Exception:
            self._log.failure("{source}: not read again", source=source.name)
        else:
            self._log.info("{source}: read again", source=source.name)


def need_restart(old: Config, new: Config) -> list[str]:
    """The settings that differ and that a running daemon cannot take anew."""
    return [
        str(row) for row in settings() if row.attributes not in RENEWABLE and row.value_in(old) != row.value_in(new)
    ]


@contextmanager
def on_hangup(reactor: IReactorFromThreads, call: Callable[[], object]) -> Iterator[None]:
    """Meanwhile SIGHUP makes the reactor *call*."""

    def obey(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(call)

    before = signal.signal(signal.SIGHUP, obey)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
