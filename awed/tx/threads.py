"""Where blocking work goes: files, hashes and databases are never touched on the reactor."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, Protocol, TypeVar, cast

from twisted.internet.interfaces import IReactorFromThreads, IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class InThread(Protocol):
    """Runs a blocking function elsewhere; what it returns or raises arrives in the awaitable."""

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]: ...


def in_threads_of(reactor: IReactorThreads, pool: ThreadPool | None = None) -> InThread:
    """The :class:`InThread` that uses *pool*, or the reactor's own thread pool."""

    def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        threads = pool or reactor.getThreadPool()
        return deferToThreadPool(cast(IReactorFromThreads, reactor), threads, function, *args, **kwargs)

    return in_thread
