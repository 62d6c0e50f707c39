"""Tokens by which the workers of a job reach its files in the daemon's own node store.

A worker asks for the data token of a job that has one, and shows it to the data store, be that another host's or the
daemon's own. Submitters who are known here need not send one for the latter: the daemon makes it.
"""

import hashlib
import hmac
from collections.abc import Callable

from zope.interface import implementer

from awed.auth.interface import IAuthenticator
from awed.auth.tokens import SECRET_SCHEMES, same
from awed.model.access import User

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

    async def authenticate(self, scheme: str, credentials: str) -> User | None:
        mark, _, rest = credentials.partition(".")
        job_id, _, seal = rest.partition(".")
        if scheme not in SECRET_SCHEMES or mark != _MARK or not same(seal, self._seal(job_id)):
            return None
        return self._user_of(job_id)

    def _seal(self, job_id: str) -> str:
        return hmac.new(self._key, job_id.encode(errors="replace"), hashlib.sha256).hexdigest()
