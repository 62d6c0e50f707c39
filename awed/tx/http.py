"""HTTP clients. For URLs from users there is one that connects to public addresses only.

The rule is applied to the address of each connection, redirects included, so a host name that resolves to another
address the next time does not get around it.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure
from twisted.web.client import (
    URI,
    Agent,
    BrowserLikePolicyForHTTPS,
    HTTPConnectionPool,
)
from twisted.web.error import SchemeNotSupported
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from awed.model.errors import Invalid


class Reach(Struct, frozen=True):
    """Which hosts a client may connect to, other than those with a public address.

    *hosts*: origins, as :func:`origin_of` makes them. *loopback*: whether loopback addresses are allowed.
    """

    hosts: frozenset[str] = frozenset()
    loopback: bool = False

    def names(self, url: str) -> bool:
        """Whether the host of *url* is one of *hosts*."""
        return origin_of(url) in self.hosts

    def allows(self, address: str) -> bool:
        """Whether a host that is not in *hosts* may be connected to at this IP *address*."""
        ip = ip_address(address.partition("%")[0])
        return ip.is_global or (self.loopback and ip.is_loopback)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in lower case, with the default port filled in; "" if it is no HTTP URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}"


_PORTS = {"http": 80, "https": 443}


@implementer(IAgentEndpointFactory)
class Endpoints:
    """Makes endpoints that connect to hosts within *reach* only.

    An attempt to connect fails with :class:`~awed.model.errors.Invalid` for other hosts, and after *limit* seconds.
    *tls* says which certificates are trusted.
    """

    def __init__(self, reactor: Any, tls: IPolicyForHTTPS, limit: float, reach: Reach) -> None:
        self._reactor = reactor
        self._tls = tls
        self._limit = limit
        self._reach = reach

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """The endpoint for the host of *uri*. Raises ``SchemeNotSupported`` unless it is HTTP or HTTPS."""
        within = _Within(self._reactor, self._reach)
        is_named = self._reach.names(uri.toBytes().decode("ascii", "replace"))
        endpoint = HostnameEndpoint(self._reactor if is_named else within, uri.host, uri.port, timeout=self._limit)
        if uri.scheme == b"https":
            return _Endpoint(wrapClientTLS(self._tls.creatorForNetloc(uri.host, uri.port), endpoint), within)
        if uri.scheme == b"http":
            return _Endpoint(endpoint, within)
        raise SchemeNotSupported(f"{uri.scheme!r}")


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _Within:
    """A reactor that resolves host names to addresses within *reach* only. *refused*: whether it left any out."""

    def __init__(self, reactor: Any, reach: Reach) -> None:
        self._reactor = reactor
        self.reach = reach
        self.nameResolver = self
        self.refused = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        raise NotImplementedError("the reactor's own resolver is used")

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        resolver: IHostnameResolver = self._reactor.nameResolver
        receiver = _AddressesWithin(resolutionReceiver, self)
        return resolver.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _AddressesWithin:
    """Passes on those resolved addresses that are within reach."""

    def __init__(self, receiver: IResolutionReceiver, within: _Within) -> None:
        self._receiver = receiver
        self._within = within

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: Any) -> None:
        if self._within.reach.allows(address.host):
            self._receiver.addressResolved(address)
        else:
            self._within.refused = True

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """An endpoint that fails with ``Invalid`` if all addresses of the host were left out."""

    def __init__(self, endpoint: IStreamClientEndpoint, within: _Within) -> None:
        self._endpoint = endpoint
        self._within = within

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._endpoint.connect(protocolFactory).addErrback(self._told)

    def _told(self, failure: Failure) -> Failure:
        if self._within.refused and failure.check(DNSLookupError):
            raise Invalid("the host has no public address, and this server may not connect to others")
        return failure


CONNECT_LIMIT = 15.0
"""Seconds within which a connection must be made."""


def http_client(reactor: Any, tls: IPolicyForHTTPS | None = None) -> HTTPClient:
    """A treq client that reuses connections and gives up connecting after CONNECT_LIMIT.

    *tls* says which certificates are trusted; None for those that the system trusts.
    """
    tls = tls or BrowserLikePolicyForHTTPS()
    return HTTPClient(Agent(reactor, tls, connectTimeout=CONNECT_LIMIT, pool=HTTPConnectionPool(reactor)))


def bounded_http_client(reactor: Any, reach: Reach) -> HTTPClient:
    """A treq client that connects to public addresses and to hosts within *reach*.

    Requests to other hosts fail with :class:`~awed.model.errors.Invalid`.
    """
    endpoints = Endpoints(reactor, BrowserLikePolicyForHTTPS(), CONNECT_LIMIT, reach)
    return HTTPClient(Agent.usingEndpointFactory(reactor, endpoints, HTTPConnectionPool(reactor)))
