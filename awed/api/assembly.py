"""The table of all collections, and the root resource that serves them."""

from collections.abc import Mapping

from awed.api.cgroup import GroupResource
from awed.api.client import ClientResource
from awed.api.context import Context, Resource
from awed.api.events import EventsResource
from awed.api.hooks import HookResource
from awed.api.job import JobResource
from awed.api.logger import LoggerResource
from awed.api.node import NodeResource
from awed.api.openapi import ROOT, OpenApiResource
from awed.api.preauth import PreauthResource
from awed.api.queue import QueueResource
from awed.api.root import RootResource
from awed.api.status import HealthResource, MetricsResource, ReadyResource
from awed.api.work import WorkResource
from awed.web.routes import CollectionResource
from awed.web.site import Root

RESOURCES: Mapping[str, type[Resource]] = {
    ROOT: RootResource,
    "job": JobResource,
    "work": WorkResource,
    "client": ClientResource,
    "queue": QueueResource,
    "events": EventsResource,
    "hook": HookResource,
    "cgroup": GroupResource,
    "logger": LoggerResource,
    "node": NodeResource,
    "preauth": PreauthResource,
    "metrics": MetricsResource,
    "health": HealthResource,
    "ready": ReadyResource,
    "openapi.json": OpenApiResource,
}
"""All collections, by name."""


def make_root(context: Context) -> Root:
    """The root resource for an :class:`~awed.web.site.ApiSite`."""
    served = {
        name: CollectionResource(kind(context), context.turns, "" if name == ROOT else f"/{name}")
        for name, kind in context.collections.items()
    }
    return Root(served.pop(ROOT), served)
