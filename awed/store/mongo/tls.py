"""TLS to MongoDB, by the options in its URI."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    PrivateCertificate,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)

_UNSUPPORTED = ("tlsInsecure", "tlsAllowInvalidCertificates", "tlsCertificateKeyFilePassword")


def context_factory(options: Mapping[str, Any], hosts: Sequence[str]) -> Any:
    """The TLS context factory for Twisted, None without TLS. Raises :class:`ValueError` for unsupported options.

    txmongo takes one factory for all hosts, so names in certificates can be checked only if there is one host.
    """
    if not options.get("tls"):
        return None
    for name in _UNSUPPORTED:
        if options.get(name):
            raise ValueError(f"{name} is not supported")
    authority, own = options.get("tlsCAFile"), options.get("tlsCertificateKeyFile")
    trust = trustRootFromCertificates([Certificate.loadPEM(_read(authority))]) if authority else platformTrust()
    certificate = PrivateCertificate.loadPEM(_read(own)) if own else None
    if not options.get("tlsAllowInvalidHostnames"):
        if len(hosts) > 1:
            raise ValueError("TLS to several hosts needs tlsAllowInvalidHostnames=true: names cannot be checked")
        return optionsForClientTLS(hosts[0], trust, certificate)
    if certificate is None:
        return CertificateOptions(trustRoot=trust)
    return CertificateOptions(certificate.privateKey.original, certificate.original, trustRoot=trust)


def _read(path: str) -> bytes:
    return Path(path).read_bytes()
