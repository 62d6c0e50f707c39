"""Connections to other hosts; for URLs that users name, to public addresses alone.

What counts is the address that is connected to, after a redirect as well, whatever the host's name means otherwise.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

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


@implementer(IAgentEndpointFactory)
class PublicEndpoints:
    """Makes endpoints that refuse hosts without a public address (:class:`~awed.model.errors.Invalid`). Each has
    *limit* seconds to connect; *tls* says whose certificates count."""

    def __init__(self, reactor: Any, tls: IPolicyForHTTPS, limit: float) -> None:
        self._reactor = reactor
        self._tls = tls
        self._limit = limit

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """The endpoint of a URL's host."""
        public = _Public(self._reactor)
        endpoint = HostnameEndpoint(public, uri.host, uri.port, timeout=self._limit)
        if uri.scheme == b"https":
            return _Endpoint(wrapClientTLS(self._tls.creatorForNetloc(uri.host, uri.port), endpoint), public)
        if uri.scheme == b"http":
            return _Endpoint(endpoint, public)
        raise SchemeNotSupported(f"{uri.scheme!r}")


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _Public:
    """The reactor, but names have public addresses alone. *refused*: a name had others."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
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
        receiver = _PublicAddresses(resolutionReceiver, self)
        return resolver.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _PublicAddresses:
    """Hands on the addresses that are public."""

    def __init__(self, receiver: IResolutionReceiver, public: _Public) -> None:
        self._receiver = receiver
        self._public = public

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: Any) -> None:
        if ip_address(address.host.partition("%")[0]).is_global:
            self._receiver.addressResolved(address)
        else:
            self._public.refused = True

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """Says what is wrong with a host of which no address is left."""

    def __init__(self, endpoint: IStreamClientEndpoint, public: _Public) -> None:
        self._endpoint = endpoint
        self._public = public

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._endpoint.connect(protocolFactory).addErrback(self._told)

    def _told(self, failure: Failure) -> Failure:
        if self._public.refused and failure.check(DNSLookupError):
            raise Invalid("upload_url: the host has no public address, and others are not allowed at this server")
        return failure


CONNECT_LIMIT = 15.0
"""Seconds for a host to take a connection."""


def http_client(reactor: Any, tls: IPolicyForHTTPS | None = None) -> HTTPClient:
    """A treq client that keeps connections, and has a limit on the time to make one. *tls* says whose certificates
    count, None means those that the system trusts.
    """
    tls = tls or BrowserLikePolicyForHTTPS()
    return HTTPClient(Agent(reactor, tls, connectTimeout=CONNECT_LIMIT, pool=HTTPConnectionPool(reactor)))


def public_http_client(reactor: Any) -> HTTPClient:
    """One that connects to public addresses alone, and refuses other hosts with
    :class:`~awed.model.errors.Invalid`."""
    endpoints = PublicEndpoints(reactor, BrowserLikePolicyForHTTPS(), CONNECT_LIMIT)
    return HTTPClient(Agent.usingEndpointFactory(reactor, endpoints, HTTPConnectionPool(reactor)))
