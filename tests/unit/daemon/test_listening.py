"""Where the daemon may listen, and what it says of it."""

from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from awed.config import Config, ConfigError, parse_config
from awed.daemon.listening import Listener, descriptions, listen, listeners, only_local, url
from tests.certificates import Authority

CLOSED = "[Anonymous]\nwrite=no\ndelete=no\n"
LOOPBACK = IPv4Address("TCP", "127.0.0.1", 8001)
EVERYWHERE = IPv4Address("TCP", "0.0.0.0", 8001)
ALLOWED = "[Security]\nanonymous_beyond_loopback=yes\n"


def configured(text: str) -> Config:
    return parse_config(text, "awed.conf").config


@implementer(IListeningPort)
class Port:
    """A port in memory."""

    def __init__(self, address: IAddress) -> None:
        self.address = address
        self.stopped = False

    def startListening(self) -> None:
        """Nothing to do."""

    def stopListening(self) -> None:
        self.stopped = True

    def getHost(self) -> IAddress:
        return self.address


@implementer(IStreamServerEndpoint)
class Endpoint:
    """An endpoint that has its port already, or fails."""

    def __init__(self, result: Port | Exception) -> None:
        self.result = result

    def listen(self, protocolFactory: IProtocolFactory) -> "Deferred[IListeningPort]":
        return fail(self.result) if isinstance(self.result, Exception) else succeed(self.result)


def outcome(result: Port | Exception, text: str = "") -> str:
    """The reason for which listening is refused, or ""."""
    listener = Listener("tcp:8001", Endpoint(result))
    errors: list[str] = []
    Deferred.fromCoroutine(listen(listener, Factory(), configured(text))).addErrback(
        lambda failure: errors.append(str(failure.value))
    )
    return "".join(errors)


def test_the_default_is_the_api_port_on_loopback() -> None:
    assert descriptions(Config()) == ["tcp:8001:interface=127.0.0.1"]
    assert descriptions(configured("[Ports]\napi-port=9")) == ["tcp:9:interface=127.0.0.1"]


def test_listen_replaces_the_api_port() -> None:
    assert descriptions(configured("[Ports]\nlisten=\n tcp:1\n unix:/s")) == ("tcp:1", "unix:/s")


def test_tls_on_the_api_port() -> None:
    assert descriptions(configured("[SSL]\nenable=yes")) == ["ssl:8001:interface=127.0.0.1"]


@pytest.mark.parametrize("text", ["enable=yes", "enable=yes\nkey=/k", "enable=yes\ncert=/c"])
def test_tls_without_its_files_is_a_fault(text: str) -> None:
    with pytest.raises(ConfigError, match=r"\[SSL\] key and cert must name the files"):
        listeners(configured(f"[SSL]\n{text}"), MemoryReactorClock())


def test_the_files_of_an_endpoint_go_before_the_configured_ones(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (own_key, own), (key, cert) = authority.server("own"), authority.server("configured")
    listen = f"tls:tcp6:443\n ssl:443:privateKey={own_key}:certKey={own}"
    config = configured(f"[SSL]\nkey={key}\ncert={cert}\n[Ports]\nlisten={listen}")
    assert [str(listener.certificate) for listener in listeners(config, MemoryReactorClock())] == [
        str(cert),
        str(own),
    ]


def test_all_endpoints_that_make_no_sense_are_told() -> None:
    listen = "[Ports]\nlisten=\n tcp:8001\n tpc:8001\n tcp:http\n ssl:1:privateKey=/nowhere.pem\n"
    with pytest.raises(ConfigError) as raised:
        listeners(configured(listen), MemoryReactorClock())
    tpc, http, ssl = raised.value.texts
    assert tpc == "cannot listen on tpc:8001: Unknown endpoint type: 'tpc'"
    assert http.startswith("cannot listen on tcp:http: ")
    assert "No such file or directory" in ssl


@pytest.mark.parametrize("address", [LOOPBACK, IPv6Address("TCP", "::1", 1), UNIXAddress("/s")])
def test_anyone_on_this_machine_may_connect(address: IAddress) -> None:
    assert outcome(Port(address)) == ""


@pytest.mark.parametrize("text", [CLOSED, ALLOWED])
def test_other_machines_may_connect_if_strangers_can_do_nothing_or_it_is_allowed(text: str) -> None:
    assert outcome(Port(EVERYWHERE), text) == ""


@pytest.mark.parametrize("address", [EVERYWHERE, IPv4Address("TCP", "10.0.0.1", 1), IPv6Address("TCP", "::", 1)])
def test_a_port_for_other_machines_is_refused_while_strangers_may_write(address: IAddress) -> None:
    port = Port(address)
    assert outcome(port) == (
        "tcp:8001 can be reached from other machines while [Anonymous] write and [Anonymous] delete are on:"
        " turn that off, or allow it with [Security] anonymous_beyond_loopback = true"
    )
    assert port.stopped


def test_the_refusal_names_the_right_that_is_on() -> None:
    assert "while [Anonymous] delete is on" in outcome(Port(EVERYWHERE), "[Anonymous]\nwrite=no\n")


def test_an_address_in_use_is_told_in_one_line() -> None:
    taken = CannotListenError("127.0.0.1", 8001, OSError(98, "Address already in use"))
    assert outcome(taken) == "cannot listen on tcp:8001: [Errno 98] Address already in use"


@pytest.mark.parametrize(
    ("description", "address", "expected"),
    [
        ("tcp:0", IPv4Address("TCP", "127.0.0.1", 5), "http://127.0.0.1:5"),
        ("tcp:0", IPv4Address("TCP", "0.0.0.0", 5), "http://127.0.0.1:5"),
        ("tcp6:0", IPv6Address("TCP", "::", 5), "http://[::1]:5"),
        ("tcp6:0", IPv6Address("TCP", "fe80::1%eth0", 5), "http://[fe80::1]:5"),
        ("unix:/run/s", UNIXAddress("/run/s"), "unix:/run/s"),
    ],
)
def test_urls_for_programs_on_this_machine(description: str, address: IAddress, expected: str) -> None:
    assert url(Listener(description, Endpoint(Port(address))), address) == expected


def test_the_url_of_a_tls_port(tmp_path: Path) -> None:
    key, cert = Authority(tmp_path).server()
    config = configured(f"[SSL]\nenable=yes\nkey={key}\ncert={cert}")
    [listener] = listeners(config, MemoryReactorClock())
    assert url(listener, IPv4Address("TCP", "10.0.0.1", 5)) == "https://10.0.0.1:5"


@pytest.mark.parametrize(
    ("listen", "is_local"),
    [
        ("", True),
        ("tcp:8001:interface=127.0.0.1", True),
        ("tcp:8001:interface=\\:\\:1", True),
        ("tls:tcp\\:8001\\:interface=127.0.0.1", True),
        ("unix:/run/a.sock", True),
        ("tcp:8001", False),
        ("tcp:8001:interface=0.0.0.0", False),
        ("tcp:8001:interface=10.0.0.1", False),
        ("systemd:domain=INET:index=0", False),
        ("tcp:8001:interface=127.0.0.1\n tcp:8002", False),
    ],
)
def test_whether_only_this_machine_can_connect(listen: str, is_local: bool) -> None:
    config = parse_config(f"[Ports]\nlisten = {listen}\n", "awed.conf").config
    assert only_local(config) is is_local
