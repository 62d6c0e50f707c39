"""Parses HTTP and HTTPS URLs as people write them. All parts of awed do so here."""

import re
import string
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from hyperlink import URL

NO_ADDRESS = "expected http://HOST:PORT or https://HOST"
"""What :func:`address` says of a text that is no URL at all."""

_PORTS = {"http": 80, "https": 443}
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_FILE = re.compile(r"file://(localhost)?/[^\x00-\x1f\x7f]*", re.IGNORECASE)
_S3 = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{0,254})/([^\x00-\x1f\x7f]+)", re.IGNORECASE)
_LOGIN = re.compile(r"([a-z]+://)([^/?#]*)@", re.IGNORECASE)


class Address(NamedTuple):
    """The parts of a URL.

    *host*: a name in ASCII or an IP address, without brackets; *target*: path and query, encoded; *login*:
    ``user:password``, decoded, "" if the URL has none.
    """

    scheme: str
    host: str
    port: int
    target: str
    login: str = ""

    @property
    def authority(self) -> str:
        """Host and port as in a URL and in the header Host; the default port of the scheme is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, also if it is the default port."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """The URL in ASCII, without user and password."""
        return f"{self.scheme}://{self.authority}{self.target}"


def address(url: str) -> Address:
    """Parse a URL. Raises :class:`ValueError` with what is wrong, in a text without the user and the password."""
    if _BLANK.search(url):
        raise ValueError("it has a blank or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(NO_ADDRESS) from None
    scheme, host = parts.scheme, parts.hostname
    if scheme not in _PORTS or not host or port == 0:
        raise ValueError(NO_ADDRESS)
    login, _, _ = parts.netloc.rpartition("@")
    target = (parts.path or "/") + (f"?{parts.query}" if "?" in url.partition("#")[0] else "")
    return Address(
        scheme, _host(scheme, host), port or _PORTS[scheme], quote(target, safe=string.printable), unquote(login)
    )


NO_FILE = "expected http://..., https://..., file:///PATH or s3://BUCKET/KEY"
"""What :func:`check_file_url` says of a text that is no URL at all."""


def check_file_url(url: str) -> None:
    """Raises :class:`ValueError`, with what is wrong, unless *url* is one at which workers find files."""
    scheme = url.partition(":")[0].lower()
    if scheme == "s3":
        bucket_and_key(url)
    elif scheme == "file":
        if not _FILE.fullmatch(url):
            raise ValueError("expected file:///PATH")
    else:
        try:
            address(url)
        except ValueError as error:
            raise ValueError(NO_FILE if str(error) == NO_ADDRESS else str(error)) from None


def bucket_and_key(url: str) -> tuple[str, str]:
    """The parts of ``s3://bucket/key``, decoded. A blank stands for itself, as most programs write keys as they are.

    Raises :class:`ValueError`.
    """
    if (found := _S3.fullmatch(url)) is None:
        raise ValueError("expected s3://BUCKET/KEY")
    try:
        return found[1], unquote(found[2], errors="strict")
    except UnicodeDecodeError:
        raise ValueError("expected s3://BUCKET/KEY with a KEY in UTF-8, as S3 takes no other") from None


def _host(scheme: str, host: str) -> str:
    try:
        if ":" in host:
            return str(IPv6Address(host))
        name = host if host.isascii() else URL.from_text(f"http://{host}").to_uri().host
    except ValueError:
        raise ValueError(f"{host!r} is neither the name nor the address of a host") from None
    if not _NAME.fullmatch(name):
        raise ValueError(f"{host!r} is neither the name nor the address of a host")
    if "_" in name and scheme == "https":
        raise ValueError(f"no certificate can have the host name {host!r}, for it has a _: use http")
    return name


def without_password(url: str) -> tuple[str, str]:
    """*url* without its password but with its user, and the password, still encoded; "" if it has none."""
    if (found := _LOGIN.match(url)) is None:
        return url, ""
    user, _, password = found[2].partition(":")
    return f"{found[1]}{user}{url[found.end() - 1 :]}", password


def without_secrets(url: str) -> str:
    """*url* with :data:`MASK` in place of the values in its query whose names say that they open it: signatures,
    tokens, keys. It is also *url* itself."""
    begin, question, query = url.partition("?")
    return begin + question + _SECRET.sub(rf"\1{MASK}", query) if question and url[:4].lower() == "http" else url


MASK = "***"

_SECRET = re.compile(
    r"((?:^|(?<=&))(?:[^&=#]*(?:token|signature|secret|password)|(?:[^&=#]*[-_.])?(?:sig|auth|api[-_]?key))=)[^&#]+",
    re.IGNORECASE,
)


def with_password(url: str, password: str) -> str:
    """*url*, which names a user, with *password*: the inverse of :func:`without_password`."""
    found = _LOGIN.match(url)
    return f"{found[1]}{found[2]}:{password}{url[found.end() - 1 :]}" if found else url


def has_user(url: str) -> bool:
    """Whether *url* names a user, with or without a password."""
    return _LOGIN.match(url) is not None


def network_of(peer: str) -> str:
    """The network by which an IP address is counted: itself, but of IPv6 the /64, which one person may have."""
    try:
        ip = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    return str(IPv6Address(int(ip) >> 64 << 64)) if isinstance(ip, IPv6Address) else peer
