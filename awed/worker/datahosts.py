"""The hosts from and to which files are brought for tasks whose commands have no network.

They name any URL, and would otherwise have the worker look for them what services there are beside it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from msgspec import structs
from twisted.web.iweb import IPolicyForHTTPS

from awed.shock.client import ShockClient
from awed.shock.http import DataHttp
from awed.tx.http import Reach, bounded_http_client, origin_of
from awed.tx.threads import InThread
from awed.worker.workdir import MIN_FREE

_REFUSAL = "the host has no public address: for tasks without the network only those of --data-host may have others"

MOST = 100
"""Hosts whose connections are kept."""


def reach_of(*urls: str) -> Reach:
    """The hosts of *urls*, and those with a public address."""
    return Reach(frozenset(map(origin_of, urls)) - {""}, refusal=_REFUSAL)


def hosts_within(
    reactor: Any, reach: Reach, tls: IPolicyForHTTPS, in_thread: InThread
) -> Callable[[str, str], ShockClient]:
    """Makes data hosts that connect within *reach* only, redirects included; "" for one with plain URLs alone.

    A host of nodes is known to the daemon, which has asked it, but not those to which it leads.
    """

    @lru_cache(maxsize=MOST)
    def http_for(host: str) -> DataHttp:
        known = structs.replace(reach, hosts=reach.hosts | reach_of(host).hosts)
        client = bounded_http_client(reactor, known, tls)
        return DataHttp(client, reactor, in_thread, keep_free=MIN_FREE)

    return lambda host, token: ShockClient(http_for(host), host, token)
