"""Tokens: how they are kept and compared, and those of the administrator, of client groups and of jobs.

A worker asks for the data token of a job that has one, and shows it to the data store, be that another host's or the
daemon's own. Submitters who are known here need not send one for the latter: the daemon makes it.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection

from zope.interface import implementer

from awed.auth.interface import IAuthenticator
from awed.model.access import ADMIN, User

SECRET_SCHEMES = frozenset({"bearer", "oauth", "admin"})
"""Words that introduce a token of this server, in lower case."""


def token_hash(token: str) -> str:
    """What is stored of a token, hex. Tokens are 256 random bits, so there is nothing to guess from it."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two hashes are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


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

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        if scheme in self._schemes and same(token_hash(credentials), self._hash):
            return User(ADMIN, admin=True)
        return None


SCHEME = "cg_token"


@implementer(IAuthenticator)
class GroupTokens:
    """Knows workers by their group's token. *group_of* tells whose a token is, in constant time."""

    def __init__(self, group_of: Callable[[str], str | None]) -> None:
        self._group_of = group_of

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        group = self._group_of(credentials) if scheme == SCHEME else None
        return User("", group=group) if group else None


_MARK = "awed-job"


@implementer(IAuthenticator)
class JobTokens:
    """Makes and knows such tokens: a job's id, sealed with *key*. *user_of* tells as whom a job's workers use its
    nodes, while it is not finished.

    They count as long as the job is not finished, and should be accepted for nodes only.
    """

    def __init__(self, key: str, user_of: Callable[[str], User | None]) -> None:
        self._key = hashlib.sha256(f"{_MARK}:{key}".encode()).digest()
        self._user_of = user_of

    def make(self, job_id: str) -> str:
        return f"{_MARK}.{job_id}.{self._seal(job_id)}"

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        mark, _, rest = credentials.partition(".")
        job_id, _, seal = rest.partition(".")
        if scheme not in SECRET_SCHEMES or mark != _MARK or not same(seal, self._seal(job_id)):
            return None
        return self._user_of(job_id)

    def _seal(self, job_id: str) -> str:
        return hmac.new(self._key, job_id.encode(errors="replace"), hashlib.sha256).hexdigest()
