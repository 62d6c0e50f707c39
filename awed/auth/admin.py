"""The administrator's token, which lies in the data directory."""

from collections.abc import Collection

from zope.interface import implementer

from awed.auth.interface import IAuthenticator
from awed.auth.tokens import SECRET_SCHEMES, same, token_hash
from awed.model.access import ADMIN, User


@implementer(IAuthenticator)
class AdminToken:
    """Knows the administrator, whichever of *schemes* comes before the token.

    Words of identity servers should be among them: a token that is known here is not sent there.
    """

    def __init__(self, token: str, schemes: Collection[str] = SECRET_SCHEMES) -> None:
        self._schemes = frozenset(schemes)
        self.renew(token)

    def renew(self, token: str) -> None:
        """Know this token from now on, and no other."""
        self._hash = token_hash(token)

    async def authenticate(self, scheme: str, credentials: str) -> User | None:
        if scheme in self._schemes and same(token_hash(credentials), self._hash):
            return User(ADMIN, admin=True)
        return None
