"""Sessions: logins of users in browsers. Each has a secret of its own, which is valid for a day."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from zope.interface import implementer

from awed.auth.accounts import Lookup
from awed.auth.interface import IAuthenticator
from awed.auth.tokens import AdminToken, same, token_hash
from awed.model.access import ADMIN, Account, Session, User
from awed.model.records import Batch, Commit

SCHEME = "session"
"""The scheme of the header Authorization with the secret of a session."""

LASTS = timedelta(days=1)
"""How long a session is valid."""

PAGE = 500
"""Sessions that are read at a time when expired ones are removed."""


@implementer(IAuthenticator)
class Sessions:
    """Begins and ends sessions, and authenticates users by the secrets of their sessions.

    A session ends after ``LASTS``, by :meth:`end`, and when the user's token or password changes or the account is
    deleted. *find* returns a session by its id, *page* so many sessions after an id, *account* an account by its
    name. *admin* has the administrator's token; *key* is the secret for :meth:`seal`.
    """

    def __init__(
        self,
        *,
        find: Callable[[str], Awaitable[Session | None]],
        page: Callable[[Sequence[str | int], int], Awaitable[list[Session]]],
        account: Lookup,
        admin: AdminToken,
        commit: Commit,
        now: Callable[[], datetime],
        new_token: Callable[[], str],
        key: str,
    ) -> None:
        self._find = find
        self._page = page
        self._account = account
        self._admin = admin
        self._commit = commit
        self._now = now
        self._new_token = new_token
        self._key = hashlib.sha256(f"awed-form:{key}".encode()).digest()

    async def begin(self, user: User) -> str:
        """Begin a session of *user*; its secret."""
        token = self._new_token()
        stamp = self._stamp(user.name, await self._account(user.name))
        session = Session(token_hash(token), user.name, user.admin, stamp, self._now() + LASTS)
        await self._commit(Batch(sessions=[session]), Batch(gone_sessions=[session.id]))
        return token

    async def end(self, token: str) -> None:
        """End the session with the secret *token*."""
        await self._commit(Batch(gone_sessions=[token_hash(token)]))

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        session = await self._find(token_hash(credentials)) if scheme == SCHEME else None
        if session is None or session.expires <= self._now():
            return None
        account = await self._account(session.name)
        if not same(session.stamp, self._stamp(session.name, account)):
            return None
        still_admin = session.name == ADMIN or (account is not None and account.admin)
        return User(session.name, admin=session.admin and still_admin)

    def seal(self, token: str) -> str:
        """The value that forms in the session with the secret *token* must send; "" for a browser without a session.

        Other sites do not know it, so they cannot forge a form.
        """
        return hmac.new(self._key, token.encode(errors="replace"), hashlib.sha256).hexdigest()

    async def remove_expired(self) -> None:
        """Delete the sessions that have expired."""
        last, now = list[str](), self._now()
        while page := await self._page(last, PAGE):
            last = [page[-1].id]
            if over := [session.id for session in page if session.expires <= now]:
                await self._commit(Batch(gone_sessions=over))

    def _stamp(self, name: str, account: Account | None) -> str:
        """A digest of the token and password of the user *name*; "" for users whom an identity server knows."""
        if name == ADMIN:
            return self._admin.stamp
        return token_hash(f"{account.token_hash}:{account.password_hash}") if account else ""
