"""The API put together: every collection at its name."""

from collections.abc import Mapping

from twisted.web.resource import IResource

from awed.api.cgroup import GroupResource
from awed.api.client import ClientResource
from awed.api.context import Context
from awed.api.job import JobResource
from awed.api.logger import DebugLevel, LoggerResource
from awed.api.queue import QueueResource
from awed.api.root import About, RootResource
from awed.api.site import Root
from awed.api.work import WorkResource


def make_root(context: Context, about: About, debug: DebugLevel, others: Mapping[str, IResource]) -> Root:
    """The root for an :class:`~awed.api.site.ApiSite`. *others*: collections that need more than *context*."""
    collections = {
        "job": JobResource(context).app.resource(),
        "work": WorkResource(context).app.resource(),
        "client": ClientResource(context).app.resource(),
        "queue": QueueResource(context).app.resource(),
        "cgroup": GroupResource(context).app.resource(),
        "logger": LoggerResource(context, debug).app.resource(),
        **others,
    }
    return Root(RootResource(context, about, list(collections)).app.resource(), collections)
