"""Authentication of local users, by token or by name and password."""

import base64
from collections.abc import Awaitable, Callable, Collection

from zope.interface import implementer

from awed.auth.interface import IAuthenticator
from awed.auth.passwords import PasswordChecks
from awed.auth.tokens import SECRET_SCHEMES, same, token_hash
from awed.model.access import Account, User, is_user_name

Lookup = Callable[[str], Awaitable[Account | None]]
"""Finds an account, None if there is none."""


@implementer(IAuthenticator)
class AccountTokens:
    """Authenticates local users by token. *account_by_token* finds an account by the SHA-256 (hex) of its token."""

    def __init__(self, account_by_token: Lookup, schemes: Collection[str] = SECRET_SCHEMES) -> None:
        self._account_by_token = account_by_token
        self._schemes = frozenset(schemes)

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        if scheme not in self._schemes:
            return None
        sent = token_hash(credentials)
        account = await self._account_by_token(sent)
        return _user(account) if account is not None and same(account.token_hash, sent) else None


@implementer(IAuthenticator)
class AccountPasswords:
    """Authenticates local users by name and password (``Basic``). *account* finds an account by its name."""

    def __init__(self, account: Lookup, checks: PasswordChecks) -> None:
        self._account = account
        self._checks = checks

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        if scheme != "basic":
            return None
        name, password = _decoded(credentials)
        account = await self._account(name)
        right = await self._checks.is_right(account.password_hash if account else "", password, address)
        return _user(account) if account and right else None


def _user(account: Account) -> User | None:
    return User(account.name, admin=account.admin) if is_user_name(account.name) else None


def _decoded(credentials: str) -> tuple[str, str]:
    """Name and password of Basic *credentials*; both "" if they are malformed."""
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
