"""Passwords, kept as argon2 hashes. This takes time and memory on purpose: never call it on the reactor."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether *password* is the one of *stored*. Nobody's (``""``) takes as long as a wrong one."""
    try:
        return _hasher.verify(stored or _decoy(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    return _hasher.hash("")
