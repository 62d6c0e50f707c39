"""Listening on endpoint strings, the URLs of ports, and the check that no port is reachable against the rules."""

import ipaddress
import re
from collections.abc import Sequence

from msgspec import Struct
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IProtocolFactory,
    IReactorCore,
    IStreamServerEndpoint,
)

from awed.config import Config, ConfigError
from awed.config.settings import Ssl
from awed.daemon.datadir import StartError
from awed.daemon.tls import ServerCertificate, TlsEndpoint, parse_tls


class Listener(Struct, frozen=True):
    """An endpoint string, the endpoint that it describes, and its certificate if it is TLS."""

    description: str
    endpoint: IStreamServerEndpoint
    certificate: ServerCertificate | None = None


def descriptions(config: Config) -> Sequence[str]:
    """The endpoint strings to listen on: those of ``[Ports] listen``, else ``api-port`` on loopback."""
    if config.ports.listen:
        return config.ports.listen
    place = f"{config.ports.api_port}:interface=127.0.0.1"
    return [f"ssl:{place}" if config.ssl.enable else f"tcp:{place}"]


def listeners(config: Config, reactor: IReactorCore) -> list[Listener]:
    """The endpoints to listen on. Raises :class:`ConfigError` with all strings that are invalid."""
    found, faults = [], []
    for description in descriptions(config):
        try:
            found.append(_listener(description, config.ssl, reactor))
        except Exception as error:  # parsers of endpoint strings, plugins among them, may raise anything
            faults.append(f"cannot listen on {description}: {error}")
    if faults:
        raise ConfigError(*faults)
    return found


def _listener(description: str, ssl: Ssl, reactor: IReactorCore) -> Listener:
    port = parse_tls(description)
    if port is None:
        return Listener(description, serverFromString(reactor, description))
    key, path = port.key or ssl.key, port.certificate or ssl.cert
    if not (key and path):
        raise ValueError("[SSL] key and cert must name the files to use")
    certificate = ServerCertificate(key, path, ssl.minimum)
    endpoint = TlsEndpoint(serverFromString(reactor, port.inner), certificate)
    return Listener(description, endpoint, certificate)


async def listen(listener: Listener, factory: IProtocolFactory, config: Config) -> IListeningPort:
    """Begin to listen.

    Raises :class:`StartError` if the address is in use, or if other machines could connect and that is not allowed.
    """
    try:
        port: IListeningPort = await listener.endpoint.listen(factory)
    except (CannotListenError, OSError, OverflowError) as error:
        reason = error.socketError if isinstance(error, CannotListenError) else error
        raise StartError(f"cannot listen on {listener.description}: {reason}") from error
    danger = _danger(config)
    if danger and not is_local(port.getHost()):
        await maybeDeferred(port.stopListening)
        raise StartError(f"{listener.description} can be reached from other machines while {danger}")
    return port


def _danger(config: Config) -> str:
    """Why other machines must not be able to connect, and how to allow it; "" if it is allowed."""
    rights = [f"[Anonymous] {right}" for right in ("write", "delete") if getattr(config.anonymous, right)]
    if not rights or config.security.anonymous_beyond_loopback:
        return ""
    is_on = f"{' and '.join(rights)} {'are' if len(rights) > 1 else 'is'} on"
    return f"{is_on}: turn that off, or allow it with [Security] anonymous_beyond_loopback = true"


def only_local(config: Config) -> bool:
    """Whether, by the configured endpoint strings, only this machine can connect to the daemon."""
    return all(_LOCAL.match(description) for description in descriptions(config))


_LOCAL = re.compile(r"unix:|(tcp|ssl|tls)6?:.*\binterface=(127\.|localhost\b|\\:\\:1(:|$))")
"""Matches endpoint strings of sockets to which no other machine can connect."""


def is_local(address: IAddress) -> bool:
    """Whether only this machine can connect to a port with this address."""
    if isinstance(address, IPv4Address | IPv6Address):
        return ipaddress.ip_address(address.host.partition("%")[0]).is_loopback
    return isinstance(address, UNIXAddress)


def url(listener: Listener, address: IAddress) -> str:
    """The URL of the API for programs on this machine; the endpoint string if it has no URL."""
    if not isinstance(address, IPv4Address | IPv6Address):
        return listener.description
    scheme = "https" if listener.certificate else "http"
    ip = ipaddress.ip_address(address.host.partition("%")[0])
    if ip.is_unspecified:
        ip = ipaddress.ip_address("127.0.0.1" if ip.version == 4 else "::1")
    return f"{scheme}://{ip}:{address.port}" if ip.version == 4 else f"{scheme}://[{ip}]:{address.port}"
