"""Downloads for users reach public addresses only, whatever a host's name resolves to."""

from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.testing import MemoryReactorClock
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS

from awed.model.errors import Invalid
from awed.tx.http import Endpoints, Reach, origin_of
from tests.unit.nodes.world import result

INSIDE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
    *("::1", "::", "fe80::1%2", "fd00::1", "::ffff:127.0.0.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "2002:7f00:1::"),
)


NOWHERE = Reach()


class Names:
    """A name resolver for which every name has the same addresses."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._addresses = addresses

    def resolveHostName(self, receiver: Any, hostName: str, portNumber: int = 0, *others: object) -> None:
        receiver.resolutionBegan(None)
        for host in self._addresses:
            kind = IPv6Address if ":" in host else IPv4Address
            receiver.addressResolved(kind("TCP", host, portNumber))
        receiver.resolutionComplete()


def asked(url: bytes, *addresses: str, reach: Reach = NOWHERE) -> tuple[Any, MemoryReactorClock]:
    """A request for *url*, whose host has these addresses, and the reactor that it uses."""
    reactor: Any = MemoryReactorClock()
    reactor.nameResolver = Names(addresses)
    endpoints = Endpoints(reactor, BrowserLikePolicyForHTTPS(), 15.0, reach)
    return Agent.usingEndpointFactory(reactor, endpoints).request(b"GET", url), reactor


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("scheme", [b"http", b"https"])
def test_an_address_inside_is_refused(address: str, scheme: bytes) -> None:
    answer, reactor = asked(scheme + b"://host.example/x", address)
    with pytest.raises(Invalid, match="no public address"):
        result(answer)
    assert reactor.tcpClients == []


def test_of_a_host_with_both_the_public_address_is_used() -> None:
    _, reactor = asked(b"http://host.example/x", "127.0.0.1", "93.184.216.34", "10.0.0.1")
    reactor.advance(10)
    assert [client[0] for client in reactor.tcpClients] == ["93.184.216.34"]


@pytest.mark.parametrize("url", [b"http://shock.example:7445/node", b"HTTP://Shock.Example:7445/x"])
def test_a_host_that_is_named_may_be_inside(url: bytes) -> None:
    reach = Reach(frozenset({origin_of("http://shock.example:7445")}))
    _, reactor = asked(url, "10.0.0.1", reach=reach)
    assert [client[:2] for client in reactor.tcpClients] == [("10.0.0.1", 7445)]


@pytest.mark.parametrize(
    "url", [b"http://shock.example/", b"https://shock.example:7445/", b"http://other.example:7445/"]
)
def test_another_port_scheme_or_name_is_another_host(url: bytes) -> None:
    reach = Reach(frozenset({origin_of("http://shock.example:7445")}))
    answer, _ = asked(url, "10.0.0.1", reach=reach)
    with pytest.raises(Invalid, match="no public address"):
        result(answer)


def test_who_is_reached_by_this_machine_alone_may_reach_this_machine() -> None:
    _, reactor = asked(b"http://host.example/x", "127.0.0.1", reach=Reach(loopback=True))
    assert [client[0] for client in reactor.tcpClients] == ["127.0.0.1"]
    answer, _ = asked(b"http://host.example/x", "10.0.0.1", reach=Reach(loopback=True))
    with pytest.raises(Invalid, match="no public address"):
        result(answer)
