"""Users whom an identity server knows."""

from collections.abc import Collection

from zope.interface import implementer

from awed.auth.identity import IdentityServer
from awed.auth.interface import IAuthenticator
from awed.auth.tokens import token_hash
from awed.model.access import User, is_user_name
from awed.tx.recent import Recent

GLOBUS_WORDS = frozenset({"globus-goauthtoken", "globus", "goauth"})
MGRAST_WORDS = frozenset({"mgrast"})
DEFAULT_WORD = "oauth"
"""The word for whichever server is the first."""


@implementer(IAuthenticator)
class OAuthTokens:
    """Knows users by a token for which *server* has a name; *schemes* introduce it. What the server said is
    remembered for a while, refusals are not."""

    def __init__(self, server: IdentityServer, schemes: Collection[str], names: Recent[str]) -> None:
        self._server = server
        self._schemes = frozenset(schemes)
        self._names = names

    async def authenticate(self, scheme: str, credentials: str) -> User | None:
        if scheme not in self._schemes or not credentials:
            return None
        key = token_hash(credentials)
        name = self._names.get(key)
        if name is None:
            name = await self._server.name_of(credentials)
            if name is None or not is_user_name(name):
                return None
            self._names.put(key, name)
        return User(name)
