"""TLS for ports, with key and certificate from files that can be reloaded."""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from OpenSSL.SSL import (
    MODE_RELEASE_BUFFERS,
    TLS1_2_VERSION,
    TLS1_3_VERSION,
    TLS_SERVER_METHOD,
    Connection,
    Context,
    Error,
)
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IListeningPort,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

VERSIONS: Mapping[str, int] = {"TLSv1.2": TLS1_2_VERSION, "TLSv1.3": TLS1_3_VERSION}
"""The values of the setting for the oldest version of TLS that is allowed."""

_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Ciphers for TLS 1.2: those that are as strong as the ones of TLS 1.3."""

_FIELD = re.compile(r"(?:[^:\\]|\\.)+")
"""A field of an endpoint string: fields are separated by colons, which ``\\`` escapes."""


@implementer(IOpenSSLServerConnectionCreator)
class ServerCertificate:
    """The certificate of a port: PEM files with the *key* and with the *certificate* and its chain.

    *oldest*: a key of VERSIONS. Raises what :meth:`load` raises.
    """

    def __init__(self, key: str, certificate: str, oldest: str) -> None:
        self._key = Path(key)
        self._certificate = Path(certificate)
        self._oldest = VERSIONS[oldest]
        self.use(self.load())

    def __str__(self) -> str:
        return str(self._certificate)

    def load(self) -> Context:
        """Read the files.

        Raises :class:`OSError`, and :class:`ValueError` if they are not a key and its certificate.
        """
        context = Context(TLS_SERVER_METHOD)
        context.set_min_proto_version(self._oldest)
        context.set_cipher_list(_CIPHERS)
        context.set_mode(MODE_RELEASE_BUFFERS)  # most connections are those of workers that wait
        for file in (self._key, self._certificate):
            file.open().close()  # raises an error that names the file, which OpenSSL's does not
        try:
            context.use_certificate_chain_file(str(self._certificate))
            context.use_privatekey_file(str(self._key))
            context.check_privatekey()
        except Error as error:
            raise ValueError(f"{self._key} and {self._certificate} are not a key and its certificate") from error
        return context

    def use(self, context: Context) -> None:
        """Use *context*, made by :meth:`load`, for new connections."""
        self._context = context

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Connection:
        return Connection(self._context, None)


@implementer(IStreamServerEndpoint)
class TlsEndpoint:
    """TLS on another endpoint."""

    def __init__(self, endpoint: IStreamServerEndpoint, certificate: ServerCertificate) -> None:
        self._endpoint = endpoint
        self._certificate = certificate

    def listen(self, factory: IProtocolFactory) -> "Deferred[IListeningPort]":
        secured = TLSMemoryBIOFactory(self._certificate, isClient=False, wrappedFactory=factory)
        return self._endpoint.listen(secured)


class TlsPort(Struct, frozen=True):
    """A parsed endpoint string for TLS: the *inner* string, without TLS, and the files, "" if it names none."""

    inner: str
    key: str = ""
    certificate: str = ""


def parse_tls(description: str) -> TlsPort | None:
    """Parse an endpoint string for TLS, such as ``ssl:443`` or ``tls:tcp6:443``; None for one without TLS.

    ``ssl:``, as in Twisted, is for a TCP port and may name the files. ``tls:`` may stand before any endpoint string.
    """
    kind, _, rest = description.partition(":")
    if kind == "tls":
        return TlsPort(rest)
    if kind != "ssl":
        return None
    fields = _FIELD.findall(rest)
    files = {name: _unquoted(value) for name, mark, value in (field.partition("=") for field in fields) if mark}
    others = [field for field in fields if field.partition("=")[0] not in ("privateKey", "certKey")]
    key = files.get("privateKey", "")
    return TlsPort(":".join(["tcp", *others]), key, files.get("certKey", key))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
