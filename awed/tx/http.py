"""HTTP clients. For URLs from users there is one that connects to public addresses only.

The rule is applied to the address of each connection, redirects included, so a host name that resolves to another
address the next time does not get around it.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from hyperlink import URL
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
from twisted.web.client import URI, Agent, BrowserLikePolicyForHTTPS
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IPolicyForHTTPS, IResponse
from zope.interface import implementer

from awed.model.addresses import address
from awed.model.errors import Invalid
from awed.tx.heads import connections


class Reach(Struct, frozen=True):
    """Which hosts a client may connect to, other than those with a public address.

    *hosts*: origins, as :func:`origin_of` makes them. *loopback*: whether loopback addresses are allowed. *refusal*:
    what is told of other hosts.
    """

    hosts: frozenset[str] = frozenset()
    loopback: bool = False
    refusal: str = "the host has no public address, and [Security] fetch_inside allows no others"

    def names(self, url: str) -> bool:
        """Whether the host of *url* is one of *hosts*."""
        return origin_of(url) in self.hosts

    def allows(self, address: str) -> bool:
        """Whether a host that is not in *hosts* may be connected to at this IP *address*."""
        ip = _meant(ip_address(address.partition("%")[0]))
        return ip.is_global or (self.loopback and ip.is_loopback)


_TRANSLATED = ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for those of IPv4 (NAT64)."""


def _meant(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address of IPv4 for which *ip* stands, if it does so, else itself."""
    if isinstance(ip, IPv4Address):
        return ip
    translated = IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else None
    return ip.ipv4_mapped or ip.sixtofour or translated or ip


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in lower case, with the default port filled in; "" if it is no HTTP URL."""
    try:
        return address(url).origin
    except ValueError:
        return ""


@implementer(IAgentEndpointFactory)
class Endpoints:
    """Makes endpoints that connect to hosts within *reach* only; None for all hosts.

    An attempt to connect fails with :class:`~awed.model.errors.Invalid` for other hosts, and after *limit* seconds.
    *tls* says which certificates are trusted.
    """

    def __init__(self, reactor: Any, tls: IPolicyForHTTPS, limit: float, reach: Reach | None) -> None:
        self._reactor = reactor
        self._tls = tls
        self._limit = limit
        self._reach = reach

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """The endpoint for the host of *uri*. Raises ``SchemeNotSupported`` unless it is HTTP or HTTPS."""
        named = self._reach is not None and self._reach.names(uri.toBytes().decode("ascii", "replace"))
        host = uri.host.decode("ascii", "replace")
        endpoint = host_endpoint(self._reactor, host, uri.port, self._limit, None if named else self._reach)
        if uri.scheme == b"https":
            return wrapClientTLS(self._tls.creatorForNetloc(uri.host, uri.port), endpoint)
        if uri.scheme == b"http":
            return endpoint
        raise SchemeNotSupported(f"{uri.scheme!r}")


def host_endpoint(
    reactor: Any, host: str, port: int, limit: float, reach: Reach | None = None
) -> IStreamClientEndpoint:
    """An endpoint for a host, by name or IP address, that gives up connecting after *limit* seconds, and connects to
    addresses within *reach* only; None for all.

    The name may have a ``_``, as in networks of containers, which Twisted's own endpoint rejects.
    """
    if "_" not in host and reach is None:
        return HostnameEndpoint(reactor, host, port, timeout=limit)
    lookup = _Lookup(reactor, host, reach)
    return _Endpoint(HostnameEndpoint(lookup, host.replace("_", "-"), port, timeout=limit), lookup)


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _Lookup:
    """A reactor that looks up *host*, whichever name is asked for, and finds its addresses within *reach* only.

    *refused*: whether it left any out.
    """

    def __init__(self, reactor: Any, host: str, reach: Reach | None) -> None:
        self._reactor = reactor
        self.host = host
        self.reach = reach
        self.refused = False
        self.nameResolver = self

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
        return resolver.resolveHostName(receiver, self.host, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _AddressesWithin:
    """Passes on those resolved addresses that are within reach."""

    def __init__(self, receiver: IResolutionReceiver, lookup: _Lookup) -> None:
        self._receiver = receiver
        self._lookup = lookup

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: Any) -> None:
        if self._lookup.reach is None or self._lookup.reach.allows(address.host):
            self._receiver.addressResolved(address)
        else:
            self._lookup.refused = True

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """An endpoint that fails with ``Invalid`` if all addresses of the host were left out, and that tells of a host
    without addresses by its name, without the changes that Twisted needs."""

    def __init__(self, endpoint: IStreamClientEndpoint, lookup: _Lookup) -> None:
        self._endpoint = endpoint
        self._lookup = lookup

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._endpoint.connect(protocolFactory).addErrback(self._told)

    def _told(self, failure: Failure) -> Failure:
        if not failure.check(DNSLookupError):
            return failure
        if self._lookup.reach is not None and self._lookup.refused:
            raise Invalid(self._lookup.reach.refusal)
        return Failure(DNSLookupError(f"no results for hostname lookup: {self._lookup.host}"))


CONNECT_LIMIT = 15.0
"""Seconds within which a connection must be made."""


async def require_within(reactor: Any, reach: Reach | None, host: str) -> None:
    """Raises :class:`~awed.model.errors.Invalid` for a host of which no address is known, or none within *reach*;
    None for all hosts. What it resolves to later is looked at when it is connected to."""
    found = _Addresses()
    reactor.nameResolver.resolveHostName(found, host)
    addresses = await found.complete
    if not addresses:
        raise Invalid(f"no address of the host {host} is known")
    if reach is not None and not any(map(reach.allows, addresses)):
        raise Invalid(reach.refusal)


@implementer(IResolutionReceiver)
class _Addresses:
    """Gathers the addresses of a host."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self.complete: Deferred[list[str]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing to do."""

    def addressResolved(self, address: Any) -> None:
        self._found.append(address.host)

    def resolutionComplete(self) -> None:
        self.complete.callback(self._found)


def http_client(reactor: Any, tls: IPolicyForHTTPS | None = None) -> HTTPClient:
    """A treq client that reuses connections and gives up connecting after CONNECT_LIMIT.

    *tls* says which certificates are trusted; None for those that the system trusts.
    """
    return _client(reactor, Endpoints(reactor, tls or BrowserLikePolicyForHTTPS(), CONNECT_LIMIT, None))


def bounded_http_client(reactor: Any, reach: Reach, tls: IPolicyForHTTPS | None = None) -> HTTPClient:
    """A treq client that connects to public addresses and to hosts within *reach*. *tls* as for :func:`http_client`.

    Requests to other hosts fail with :class:`~awed.model.errors.Invalid`.
    """
    return _client(reactor, Endpoints(reactor, tls or BrowserLikePolicyForHTTPS(), CONNECT_LIMIT, reach))


def _client(reactor: Any, endpoints: Endpoints) -> HTTPClient:
    return HTTPClient(_AsSent(Agent.usingEndpointFactory(reactor, endpoints, connections(reactor))))


@implementer(IAgent)
class _AsSent:
    """An agent with bodies as they are sent. treq would ask for packed ones, and unpack what any host sends: a few of
    its bytes could fill the memory, and no download could go on where it broke off."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        asked = headers.copy() if headers else Headers()
        asked.setRawHeaders("Accept-Encoding", ["identity"])
        return self._agent.request(method, uri, asked, bodyProducer).addCallback(_as_sent)


def _as_sent(response: IResponse) -> IResponse:
    response.headers.removeHeader("Content-Encoding")
    return response


class Uri(URL):
    """A URL that is encoded already: treq's own encoding rejects host names with ``_`` and IPv6 addresses."""

    def to_uri(self) -> "Uri":
        return self
