"""Requests to a site in memory: treq's client against our own requests, with neither socket nor thread."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent, _SynchronousProducer
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.testing import MemoryReactorClock
from twisted.web.iweb import IBodyProducer
from twisted.web.resource import IResource

from awed.web.body import Bodies, requests_with
from awed.web.form import Spool
from awed.web.site import ApiSite

P = ParamSpec("P")
T = TypeVar("T")


def at_once(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
    """An :class:`~awed.tx.threads.InThread` that calls on the spot."""
    return maybeDeferred(function, *args, **kwargs)


class MemoryClient(HTTPClient):
    """A treq client whose every request goes to *resource*, served as the daemon serves it.

    *directory* takes large bodies. After a pause in a handler :meth:`flush` brings the answer.
    """

    def __init__(self, resource: IResource, directory: Path) -> None:
        agent = RequestTraversalAgent(resource)
        reactor: IReactorTime = MemoryReactorClock()
        agent._serverFactory = ApiSite(resource, requests_with(Bodies(Spool(directory, at_once))), reactor)
        super().__init__(agent, data_to_body_producer=_producer)
        self.flush: Callable[[], None] = agent.flush


def _producer(body: object) -> IBodyProducer:
    return body if IBodyProducer.providedBy(body) else _SynchronousProducer(body)
