"""Tokens of the administrator, of client groups and of jobs, and the hashing and comparing of tokens.

A worker sends the data token of a job to the data host that has its files. For the daemon's own node store submitters
need not send one with the job: the daemon makes it (:class:`JobTokens`).
"""

import hashlib
import hmac
from collections.abc import Callable, Collection

from zope.interface import implementer

from awed.auth.interface import IAuthenticator
from awed.model.access import ADMIN, User

SECRET_SCHEMES = frozenset({"bearer", "oauth", "admin"})
"""Schemes of Authorization that introduce a token of this server, in lower case."""


def token_hash(token: str) -> str:
    """The SHA-256 of a token, in hex, which is stored. A fast hash will do, as tokens are 256 random bits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two hashes are equal. Takes the same time wherever they differ. What a peer sent may be any text."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


@implementer(IAuthenticator)
class AdminToken:
    """Authenticates the administrator by *token*, with any of *schemes* in Authorization.

    *schemes* should include those of the identity servers, so that the token is never sent to one of them.
    """

    def __init__(self, token: str, schemes: Collection[str] = SECRET_SCHEMES) -> None:
        self._schemes = frozenset(schemes)
        self.renew(token)

    def renew(self, token: str) -> None:
        """Replace the token."""
        self._hash = token_hash(token)

    @property
    def stamp(self) -> str:
        """A digest that changes with the token, and does not reveal it."""
        return token_hash(self._hash)

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        if scheme in self._schemes and same(token_hash(credentials), self._hash):
            return User(ADMIN, admin=True)
        return None


SCHEME = "cg_token"
"""The scheme of Authorization for tokens of client groups."""


@implementer(IAuthenticator)
class GroupTokens:
    """Authenticates workers by the token of their client group.

    *group_of* finds the name of the group with a token, in a time that does not depend on how much of it is right.
    """

    def __init__(self, group_of: Callable[[str], str | None]) -> None:
        self._group_of = group_of

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        group = self._group_of(credentials) if scheme == SCHEME else None
        return User("", group=group) if group else None


JOB, RUN = "awed-job", "awed-run"
"""How the tokens of jobs and of runs begin."""


@implementer(IAuthenticator)
class JobTokens:
    """Makes and accepts the tokens of jobs that the daemon makes: a job's id, authenticated with the secret *key*.

    *user_of* finds the user in whose place a job's workers act, None if the job is finished. Tokens with the *mark*
    JOB are data tokens, which should be accepted for nodes only; those with RUN are for the runners of runs.
    """

    def __init__(self, key: str, user_of: Callable[[str], User | None], mark: str = JOB) -> None:
        self._key = hashlib.sha256(f"{mark}:{key}".encode()).digest()
        self._user_of = user_of
        self._mark = mark

    def make(self, job_id: str, submitter: str = "") -> str:
        """The token of a job. *submitter*: the name of that user, to be said for a run: who had the token of a job
        that is gone has not that of the job that somebody else submits with its id."""
        return f"{self._mark}.{job_id}.{self._seal(job_id, submitter)}"

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        mark, _, rest = credentials.partition(".")
        job_id, _, seal = rest.partition(".")
        if scheme not in SECRET_SCHEMES or mark != self._mark:
            return None
        user = self._user_of(job_id)
        submitter = user.name if user is not None and mark == RUN else ""
        return user if same(seal, self._seal(job_id, submitter)) else None

    def _seal(self, job_id: str, submitter: str) -> str:
        sealed = f"{job_id}\0{submitter}" if submitter else job_id
        return hmac.new(self._key, sealed.encode(errors="replace"), hashlib.sha256).hexdigest()
