"""Known proxies are believed on who asks and by which address, and nobody else is."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from klein import Klein
from twisted.internet.address import UNIXAddress
from twisted.web.iweb import IRequest

from awed.web.forwarded import Origin, Proxies
from tests.unit.web.wire import PEER, parse, raw

DIRECT = Origin("192.0.2.9", "http", "inner:8001")
PROXY = [PEER.host]


def seen(trusted: Sequence[str], *lines: str, peer: Any = PEER) -> Origin:
    """Where a request with these header lines comes from. Its maker's address alone is the same."""
    found: list[Origin] = []
    peers: list[str] = []
    app = Klein()

    @app.route("/")
    def look(request: IRequest) -> bytes:
        request.client = peer  # type: ignore[attr-defined]
        found.append(Proxies(trusted).origin(request))
        peers.append(Proxies(trusted).peer(request))
        return b""

    head = "".join(f"{line}\r\n" for line in ("GET / HTTP/1.1", "Host: inner:8001", *lines))
    parse(raw(app.resource(), f"{head}\r\n".encode("latin-1")))
    assert peers == [found[0].peer]
    return found[0]


@pytest.mark.parametrize(
    "line",
    ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-Host: evil", "Forwarded: for=198.51.100.1;host=evil;proto=https"],
)
@pytest.mark.parametrize("trusted", [[], ["192.0.2.8"], ["10.0.0.0/8", "unix"]])
def test_a_stranger_is_not_believed(trusted: list[str], line: str) -> None:
    assert seen(trusted, line) == DIRECT


@pytest.mark.parametrize("trusted", [PROXY, ["192.0.2.0/24"], ["unix", "10.0.0.1", "192.0.2.9"]])
def test_a_known_proxy_is_believed(trusted: list[str]) -> None:
    told = ("X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: awe.example")
    assert seen(trusted, *told) == Origin("198.51.100.1", "https", "awe.example")


def test_what_a_proxy_does_not_tell_stays_as_it_is_seen() -> None:
    assert seen(PROXY) == DIRECT
    assert seen(PROXY, "X-Forwarded-For: 198.51.100.1") == DIRECT._replace(peer="198.51.100.1")
    assert seen(PROXY, "X-Forwarded-Proto: https") == DIRECT._replace(scheme="https")


def test_proxies_tell_of_each_other_as_far_as_they_are_known() -> None:
    """What the first stranger was told could be made up."""
    told = ("X-Forwarded-For: 203.0.113.7, 198.51.100.1, 10.0.0.1",)
    assert seen([*PROXY, "10.0.0.0/8"], *told).peer == "198.51.100.1"
    assert seen(PROXY, *told).peer == "10.0.0.1"
    assert seen(["0.0.0.0/0"], *told).peer == "203.0.113.7"


def test_the_standard_header() -> None:
    told = 'Forwarded: for=203.0.113.7;host=a, For="[2001:db8::1]:4711";Proto=HTTPS;by=_x;host="awe.example:8443"'
    assert seen(PROXY, told) == Origin("2001:db8::1", "https", "awe.example:8443")
    assert seen(PROXY, "Forwarded: for=203.0.113.7", "Forwarded: for=198.51.100.1:80").peer == "198.51.100.1"


def test_two_kinds_of_headers_are_not_from_one_proxy() -> None:
    assert seen(PROXY, "Forwarded: host=evil", "X-Forwarded-For: 198.51.100.1") == DIRECT


@pytest.mark.parametrize(
    "line",
    [
        "X-Forwarded-For: unknown",
        "X-Forwarded-For: 1.2.3.4.5",
        "X-Forwarded-For: [::1",
        "X-Forwarded-Proto: gopher",
        "X-Forwarded-Host: a/b",
        "X-Forwarded-Host: h\xfc",
        "Forwarded: for=_hidden",
        'Forwarded: for="',
        "Forwarded: ",
    ],
)
def test_what_makes_no_sense_is_as_if_it_were_not_told(line: str) -> None:
    assert seen(PROXY, line) == DIRECT


def test_who_comes_by_a_socket_file() -> None:
    told = "X-Forwarded-For: 198.51.100.1"
    assert seen(["unix"], told, peer=UNIXAddress(None)).peer == "198.51.100.1"
    assert seen(PROXY, told, peer=UNIXAddress(None)).peer == ""


def test_ipv4_through_a_socket_for_both_kinds() -> None:
    mapped = type(PEER)("TCP", "::ffff:192.0.2.9", 1)
    assert seen(PROXY, "X-Forwarded-For: 198.51.100.1", peer=mapped).peer == "198.51.100.1"


@given(
    st.lists(st.text('for=host;proto:",\\ 1.[]a', max_size=40), max_size=3),
    st.sampled_from(["Forwarded", "X-Forwarded-For", "X-Forwarded-Host"]),
)
def test_no_header_is_a_fault_of_the_server(values: list[str], name: str) -> None:
    assert seen(PROXY, *(f"{name}: {value}" for value in values)).scheme == "http"
