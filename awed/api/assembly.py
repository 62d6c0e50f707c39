"""The API put together: every collection at its name."""

from collections.abc import Mapping
from typing import Any

from awed.api.cgroup import GroupResource
from awed.api.client import ClientResource
from awed.api.context import Context
from awed.api.job import JobResource
from awed.api.logger import DebugLevel, LoggerResource
from awed.api.node import NodeResource
from awed.api.openapi import ROOT, OpenApiResource
from awed.api.preauth import PreauthResource
from awed.api.queue import QueueResource
from awed.api.root import About, RootResource
from awed.api.status import HealthResource, MetricsResource, Page, ReadyResource
from awed.api.work import WorkResource
from awed.web.routes import Collection, CollectionResource
from awed.web.site import Root

RESOURCES: Mapping[str, type[Any]] = {
    ROOT: RootResource,
    "job": JobResource,
    "work": WorkResource,
    "client": ClientResource,
    "queue": QueueResource,
    "cgroup": GroupResource,
    "logger": LoggerResource,
    "node": NodeResource,
    "metrics": MetricsResource,
    "health": HealthResource,
    "ready": ReadyResource,
    "preauth": PreauthResource,
}
"""The classes of all collections, by name, for those who describe the API without a daemon."""


def make_root(
    context: Context, about: About, debug: DebugLevel, metrics: Page, others: Mapping[str, Collection]
) -> Root:
    """The root for an :class:`~awed.web.site.ApiSite`. *others*: collections that need more than *context*."""
    collections: dict[str, Collection] = {
        "job": JobResource(context),
        "work": WorkResource(context),
        "client": ClientResource(context),
        "queue": QueueResource(context),
        "cgroup": GroupResource(context),
        "logger": LoggerResource(context, debug),
        **others,
    }
    front = RootResource(context, about, list(collections))
    described = {
        ROOT: front,
        **collections,
        "metrics": MetricsResource(context, metrics),
        "health": HealthResource(),
        "ready": ReadyResource(context),
    }
    description = OpenApiResource({name: type(collection) for name, collection in described.items()})
    children = {
        name: CollectionResource(resource, f"/{name}") for name, resource in described.items() if name != ROOT
    }
    return Root(
        CollectionResource(front),
        {**children, "openapi.json": CollectionResource(description, "/openapi.json")},
    )
