"""Certificates for tests: an authority, and servers that it vouches for."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)

Extensions = list[tuple[x509.ExtensionType, bool]]
"""Extensions of a certificate, each with whether it is critical."""

_MAY_SIGN = 5
"""The bit of RFC 5280's key usage that an authority has: keyCertSign."""

_AUTHORITY: Extensions = [
    (x509.BasicConstraints(ca=True, path_length=None), True),
    (x509.KeyUsage(*(bit == _MAY_SIGN for bit in range(9))), True),
]


class Authority:
    """Vouches for servers on 127.0.0.1. *file* holds its certificate."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.file = folder / f"{name}.pem"
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign(self._name, self._key.public_key(), _AUTHORITY)
        self.file.write_bytes(_pem(self._certificate))

    def server(self, name: str = "server") -> tuple[Path, Path]:
        """Files with a key and its certificate, the authority's after it."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        certificate = self._sign(_name(name), key.public_key(), [(address, False)])
        key_file, file = self._folder / f"{name}.key", self._folder / f"{name}.crt"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        file.write_bytes(_pem(certificate) + _pem(self._certificate))
        return key_file, file

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePublicKey, extensions: Extensions) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, name, key, x509.random_serial_number(), now - _DAY, now + _DAY)
        for extension, critical in [*extensions, *_key_identifiers(key, self._key.public_key())]:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())


def _key_identifiers(key: ec.EllipticCurvePublicKey, authority: ec.EllipticCurvePublicKey) -> Extensions:
    """RFC 5280 demands them, and Python does from 3.13 on."""
    return [
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), False),
    ]


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
