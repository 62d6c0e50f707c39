"""Users who are known by name: their tokens, and their passwords.

Passwords are kept as argon2 hashes. That takes time and memory on purpose: never hash on the reactor.
"""

import base64
from collections.abc import Awaitable, Callable, Collection
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from twisted.internet.defer import DeferredSemaphore
from zope.interface import implementer

from awed.auth.interface import IAuthenticator
from awed.auth.tokens import SECRET_SCHEMES, same, token_hash
from awed.model.access import Account, User, is_user_name
from awed.tx.recent import Recent
from awed.tx.threads import InThread

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


Lookup = Callable[[str], Awaitable[Account | None]]

_CHECKS = 2
"""How many passwords are checked at a time: each takes 64 MiB."""


@implementer(IAuthenticator)
class AccountTokens:
    """Knows users by their token. *account_by_token* finds an account by the SHA-256 of its token."""

    def __init__(self, account_by_token: Lookup, schemes: Collection[str] = SECRET_SCHEMES) -> None:
        self._account_by_token = account_by_token
        self._schemes = frozenset(schemes)

    async def authenticate(self, scheme: str, credentials: str) -> User | None:
        if scheme not in self._schemes:
            return None
        sent = token_hash(credentials)
        account = await self._account_by_token(sent)
        return _user(account) if account is not None and same(account.token_hash, sent) else None


@implementer(IAuthenticator)
class AccountPasswords:
    """Knows users by name and password (``Basic``). *account* finds an account by its name.

    A right password is remembered for a while, together with what is stored of it: a new one counts at once.
    """

    def __init__(self, account: Lookup, in_thread: InThread, right: Recent[bool]) -> None:
        self._account = account
        self._in_thread = in_thread
        self._right = right
        self._checks = DeferredSemaphore(_CHECKS)

    async def authenticate(self, scheme: str, credentials: str) -> User | None:
        if scheme != "basic":
            return None
        name, password = _decoded(credentials)
        account = await self._account(name)
        if not await self._matches(account.password_hash if account else "", password):
            return None
        return _user(account) if account else None

    async def _matches(self, stored: str, password: str) -> bool:
        key = token_hash(f"{stored}\n{password}")
        if self._right.get(key):
            return True
        await self._checks.acquire()
        try:
            right = await self._in_thread(matches, stored, password)
        finally:
            self._checks.release()
        if right:
            self._right.put(key, True)
        return right


def _user(account: Account) -> User | None:
    return User(account.name, admin=account.admin) if is_user_name(account.name) else None


def _decoded(credentials: str) -> tuple[str, str]:
    """Name and password, both empty if this is none."""
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
