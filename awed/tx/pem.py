"""Certificates in PEM files."""

import re

from OpenSSL.crypto import Error
from twisted.internet.ssl import Certificate

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def certificates(pem: bytes) -> list[Certificate]:
    """All certificates in *pem*, in order. Raises :class:`ValueError` if there is none, or one cannot be read."""
    texts = _CERTIFICATE.findall(pem)
    if not texts:
        raise ValueError("no certificate in PEM form")
    try:
        return [Certificate.loadPEM(text) for text in texts]
    except Error as error:
        raise ValueError("a certificate that cannot be read") from error
