"""Reloading at SIGHUP. A source that cannot be read, or is invalid, changes nothing."""

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
"""The settings that a running daemon can change, as attributes of a :class:`Config`."""


class Source(Struct, frozen=True):
    """Something that is reloaded. *read* is called in a thread, *use* with what it returns, on the reactor."""

    name: str
    read: Callable[[], Any]
    use: Callable[[Any], object]


class Reloader:
    """Reloads its sources, one after the other, and logs what became of each."""

    _log = Logger()

    def __init__(self, sources: Sequence[Source], notifier: Notifier, in_thread: InThread) -> None:
        self._sources = sources
        self._notifier = notifier
        self._in_thread = in_thread
        self._turn = DeferredLock()

    def begin(self) -> None:
        """Begin a reload, after one that is under way."""
        Deferred.fromCoroutine(self.reload())

    async def reload(self) -> None:
        """Reload all sources."""
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
    """The settings that differ and that only a restart can change."""
    return [
        str(row) for row in settings() if row.attributes not in RENEWABLE and row.value_in(old) != row.value_in(new)
    ]


@contextmanager
def on_hangup(reactor: IReactorFromThreads, call: Callable[[], object]) -> Iterator[None]:
    """Context in which SIGHUP makes the reactor call *call*."""

    def obey(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(call)

    before = signal.signal(signal.SIGHUP, obey)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
