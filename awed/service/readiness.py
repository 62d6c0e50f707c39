"""Whether requests can be done now."""

from twisted.internet.defer import Deferred, TimeoutError

from awed.model.errors import Unavailable
from awed.service.shell import Shell

ANSWER_LIMIT = 3.0
"""Seconds after which a store that does not answer is taken for away."""


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
