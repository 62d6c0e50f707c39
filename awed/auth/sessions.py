"""Sessions: browsers in which users have logged in. Each has a secret of its own, which counts for a day."""

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
"""The word that introduces the secret of a session."""

LASTS = timedelta(days=1)

PAGE = 500
"""Sessions that are looked at together when those that are over are removed."""


@implementer(IAuthenticator)
class Sessions:
    """Begins and ends sessions, and knows users by them.

    A session ends with its day, by :meth:`end`, and when the user's token or password changes or the account goes.
    *find* gives a session by its id, *page* the first ones, so many, after an id; *account* gives an account
    by its name; *admin* knows the administrator's token; *key* seals forms.
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
        """The secret of a new session of *user*."""
        token = self._new_token()
        stamp = self._stamp(user.name, await self._account(user.name))
        session = Session(token_hash(token), user.name, user.admin, stamp, self._now() + LASTS)
        await self._commit(Batch(sessions=[session]), Batch(gone_sessions=[session.id]))
        return token

    async def end(self, token: str) -> None:
        """The session with this secret is over."""
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
        """What a form must carry that comes from a browser with this session; "" stands for one without."""
        return hmac.new(self._key, token.encode(errors="replace"), hashlib.sha256).hexdigest()

    async def remove_expired(self) -> None:
        """Forget the sessions that are over."""
        last, now = list[str](), self._now()
        while page := await self._page(last, PAGE):
            last = [page[-1].id]
            if over := [session.id for session in page if session.expires <= now]:
                await self._commit(Batch(gone_sessions=over))

    def _stamp(self, name: str, account: Account | None) -> str:
        """Changes with the secrets by which a user of this name logs in here."""
        if name == ADMIN:
            return self._admin.stamp
        return token_hash(f"{account.token_hash}:{account.password_hash}") if account else ""
