"""Whether requests can be done now, or ever again."""

from twisted.internet.defer import Deferred, TimeoutError

from awed.model.errors import Superseded, Unavailable
from awed.service.shell import Shell

ANSWER_LIMIT = 3.0
"""Seconds after which a store that does not answer is taken for away."""


HANGING = 120.0
"""Seconds after which a commit that the store has neither done nor refused is taken for one that never ends."""


class ReadyVerbs(Shell):
    """Look whether the engine can do its work."""

    async def require_ready(self) -> None:
        """Raises :class:`~awed.model.errors.Unavailable` with all reasons why the store cannot be used now."""
        reasons = [self._committer.fault] if self._committer.fault else []
        try:
            await Deferred.fromCoroutine(self._store.check()).addTimeout(ANSWER_LIMIT, self._reactor)
        except Unavailable as error:
            reasons += error.texts
        except TimeoutError:
            reasons.append(f"the store did not answer within {ANSWER_LIMIT:.0f} s")
        if reasons:
            raise Unavailable(*reasons)

    async def lives(self) -> bool:
        """Whether the store may be well again by itself, if it is not: it hangs in no commit, and no other daemon has
        it. This does not return while the store gives no answer, be it an error.
        """
        try:
            await self._store.check()
        except Superseded:
            return False
        except Unavailable:
            pass
        return self._committer.lasts < HANGING
