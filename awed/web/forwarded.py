"""The origin of requests that come through proxies. Only the headers of trusted proxies are believed."""

import re
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import zip_longest
from typing import NamedTuple

from twisted.internet import address as address_types
from twisted.web.iweb import IRequest

from awed.web.params import header

UNIX = "unix"
"""Among trusted proxies: all that connect through a socket file."""

HOST_HEADER = re.compile(
    rb"(([0-9A-Za-z_-]{1,63}\.){0,8}[0-9A-Za-z_-]{1,63}\.?|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?\Z"
)
"""A host name, IPv4 or bracketed IPv6 address, with or without a port."""

_NODE = re.compile(r"\[(?P<v6>[^\]]+)\](:\d+)?|(?P<v4>[\d.]+)(:\d+)?|(?P<bare>[0-9A-Fa-f:.]+)")


class Origin(NamedTuple):
    """Where a request comes from: the client's IP address, and the scheme and host of the URL that it used."""

    peer: str
    scheme: str
    host: str


class Proxies:
    """The trusted proxies: addresses, networks, and UNIX."""

    def __init__(self, trusted: Collection[str] = ()) -> None:
        self._any = bool(trusted)
        self._unix = UNIX in trusted
        self._networks = [ip_network(name) for name in trusted if name != UNIX]

    def origin(self, request: IRequest) -> Origin:
        """Where *request* comes from, according to trusted proxies.

        The last proxy names the one before it, and so on up to the first address that is not trusted: headers from
        further away could be forged.
        """
        scheme = "https" if request.isSecure() else "http"
        origin = Origin(_peer(request), scheme, header(request, b"host") or socket_of(request))
        if not self._believes(request):
            return origin
        for told in reversed(_told(request)):
            origin = Origin(*(new or old for new, old in zip(told, origin, strict=True)))
            if not (told.peer and self._trusts(told.peer)):
                break
        return origin

    def peer(self, request: IRequest) -> str:
        """The client's IP address, "" for a socket file."""
        return self.origin(request).peer if self._believes(request) else _peer(request)

    def _believes(self, request: IRequest) -> bool:
        """Whether the peer of the connection is a trusted proxy."""
        if not self._any:
            return False
        if isinstance(request.getClientAddress(), address_types.UNIXAddress):
            return self._unix
        return self._trusts(_peer(request))

    def _trusts(self, peer: str) -> bool:
        if not self._networks:
            return False
        address = ip_address(peer.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped:  # IPv4 on a socket for both versions
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


NO_PROXIES = Proxies()
"""For a daemon that trusts no proxies."""


def socket_of(request: IRequest) -> str:
    """Host and port of the socket on which *request* arrived; ``localhost`` for a socket file."""
    address = request.getHost()
    if isinstance(address, address_types.IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, address_types.IPv4Address):
        return f"{address.host}:{address.port}"
    return "localhost"


def _peer(request: IRequest) -> str:
    """The IP address of the peer of the connection, "" for a socket file."""
    return getattr(request.getClientAddress(), "host", "")


def _told(request: IRequest) -> list[Origin]:
    """What each proxy wrote into the headers, the last proxy last; "" for what it left out.

    A proxy writes only one kind of headers. If both kinds are there, one is from further away; neither is believed,
    as it is not known which.
    """
    standard = _items(request, b"Forwarded")
    common = [_items(request, b"X-Forwarded-" + name) for name in (b"For", b"Proto", b"Host")]
    if standard and any(common):
        return []
    if standard:
        elements = map(_pairs, standard)
        return [_checked(told.get("for", ""), told.get("proto", ""), told.get("host", "")) for told in elements]
    columns = (column[::-1] for column in common)
    return [_checked(*row) for row in zip_longest(*columns, fillvalue="")][::-1]


def _items(request: IRequest, name: bytes) -> list[str]:
    text = b",".join(request.requestHeaders.getRawHeaders(name, [])).decode("ascii", "replace")
    return [item.strip() for item in text.split(",") if item.strip()]


def _pairs(element: str) -> dict[str, str]:
    """The pairs in an element of ``Forwarded``. Those that are needed never have commas or semicolons in quotes."""
    pairs = (pair.partition("=") for pair in element.split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _checked(node: str, scheme: str, host: str) -> Origin:
    scheme = scheme.lower()
    return Origin(
        _address(node),
        scheme if scheme in ("http", "https") else "",
        host if HOST_HEADER.match(host.encode()) else "",
    )


def _address(node: str) -> str:
    """The IP address of a node with or without a port; "" if it has none, as when it is hidden."""
    match = _NODE.fullmatch(node)
    if match is None:
        return ""
    try:
        return str(ip_address(match["v6"] or match["v4"] or match["bare"]))
    except ValueError:
        return ""
