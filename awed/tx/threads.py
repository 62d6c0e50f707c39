"""Running blocking functions in threads: nothing on the reactor may touch files, hash or use a database."""

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from twisted.internet._resolver import GAIResolver
from twisted.internet.interfaces import IReactorFromThreads, IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class InThread(Protocol):
    """Runs a blocking function in another thread. The awaitable has what it returns or raises."""

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]: ...


def in_threads_of(reactor: IReactorThreads, pool: ThreadPool | None = None) -> InThread:
    """An :class:`InThread` with the threads of *pool*, or of the reactor's own pool."""

    def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        threads = pool or reactor.getThreadPool()
        return deferToThreadPool(cast(IReactorFromThreads, reactor), threads, function, *args, **kwargs)

    return in_thread


LOOKUPS = 20
"""Threads that look up the addresses of hosts. A name server that users choose may take long to answer."""


def look_names_up_apart(reactor: Any) -> None:
    """Have *reactor* look up the names of hosts in threads of their own, so that nothing else waits for these."""
    lookups = ThreadPool(0, LOOKUPS, "lookups")
    reactor.installNameResolver(GAIResolver(reactor, lambda: lookups))
    reactor.callWhenRunning(lookups.start)
    reactor.addSystemEventTrigger("during", "shutdown", lookups.stop)
