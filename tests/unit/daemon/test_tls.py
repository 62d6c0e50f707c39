"""Key and certificate are read again without a restart, and old versions of TLS are refused."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.tls import TLSMemoryBIOFactory

from awed.daemon.tls import ServerCertificate, TlsEndpoint, TlsPort, parse_tls
from tests.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def files(authority: Authority) -> tuple[Path, Path]:
    return authority.server()


def certificate_of(files: tuple[Path, Path], oldest: str = "TLSv1.2") -> ServerCertificate:
    return ServerCertificate(str(files[0]), str(files[1]), oldest)


def shown(certificate: ServerCertificate, newest: int = SSL.TLS1_3_VERSION) -> list[str]:
    """Names in the chain that a client sees which speaks no newer version. Raises :class:`SSL.Error`."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(newest)
    client, server = SSL.Connection(context, None), certificate.serverConnectionForTLS(cast(Any, None))
    client.set_connect_state()
    server.set_accept_state()
    for _ in range(3):
        for one, other in ((client, server), (server, client)):
            with suppress(SSL.WantReadError):
                one.do_handshake()
            with suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(1 << 16))
    chain = client.get_peer_cert_chain(as_cryptography=True) or []
    return [str(link.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) for link in chain]


def test_the_certificate_is_shown_with_its_chain(files: tuple[Path, Path]) -> None:
    assert shown(certificate_of(files)) == ["server", "ca"]


def test_files_that_were_replaced_count_when_they_are_read_again(
    files: tuple[Path, Path], authority: Authority
) -> None:
    certificate = certificate_of(files)
    for old, new in zip(files, authority.server("renewed"), strict=True):
        shutil.copy(new, old)
    assert shown(certificate) == ["server", "ca"]
    certificate.use(certificate.load())
    assert shown(certificate) == ["renewed", "ca"]


def test_a_key_that_does_not_fit_is_refused(files: tuple[Path, Path], authority: Authority) -> None:
    certificate = certificate_of(files)
    shutil.copy(authority.server("other")[0], files[0])
    with pytest.raises(ValueError, match=r"server.key and \S+server.crt are not a key and its certificate"):
        certificate.load()
    files[0].unlink()
    with pytest.raises(FileNotFoundError):
        certificate.load()
    assert shown(certificate) == ["server", "ca"]


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"])
def test_a_file_without_a_certificate_is_refused(files: tuple[Path, Path], text: str) -> None:
    files[1].write_text(text)
    with pytest.raises(ValueError, match="are not a key and its certificate"):
        certificate_of(files)


@pytest.mark.parametrize(("oldest", "spoken"), [("TLSv1.2", SSL.TLS1_2_VERSION), ("TLSv1.3", SSL.TLS1_3_VERSION)])
def test_what_is_older_than_the_oldest_version_is_refused(files: tuple[Path, Path], oldest: str, spoken: int) -> None:
    certificate = certificate_of(files, oldest)
    assert shown(certificate, spoken) == ["server", "ca"]
    with pytest.raises(SSL.Error):
        shown(certificate, spoken - 1)


def test_an_endpoint_speaks_tls(files: tuple[Path, Path]) -> None:
    reactor = MemoryReactorClock()
    endpoint = TlsEndpoint(TCP4ServerEndpoint(reactor, 443), certificate_of(files))
    listening: Deferred[Any] = endpoint.listen(Factory())
    assert listening.called
    port, factory, *_ = reactor.tcpServers[0]
    assert port == 443
    assert isinstance(factory, TLSMemoryBIOFactory)


@pytest.mark.parametrize(
    ("description", "port"),
    [
        ("tcp:80", None),
        ("tls:tcp6:443", TlsPort("tcp6:443")),
        ("ssl:443", TlsPort("tcp:443")),
        ("ssl:443:privateKey=k", TlsPort("tcp:443", "k", "k")),
        ("ssl:443:certKey=c:interface=::1".replace("::", r"\:\:"), TlsPort(r"tcp:443:interface=\:\:1", "", "c")),
        (r"ssl:443:privateKey=C\:\\k=1:certKey=c:backlog=9", TlsPort("tcp:443:backlog=9", "C:\\k=1", "c")),
    ],
)
def test_the_string_of_a_tls_port(description: str, port: TlsPort | None) -> None:
    assert parse_tls(description) == port
