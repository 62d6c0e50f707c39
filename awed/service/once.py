"""Submissions with the header ``Idempotency-Key``: repetitions of one make no second job."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from awed.auth.rights import require
from awed.model.access import User
from awed.model.errors import JobNotFound, KeyReused, Unavailable
from awed.model.job import Job
from awed.model.records import Batch, SubmissionKey
from awed.service.shell import Shell
from awed.tx.locks import Condition, to_the_end

KEPT = timedelta(days=2)
"""How long a key is kept: a day, and another one in case the clock is set."""

PERIOD = timedelta(minutes=10)
"""The keys of each period are deleted together."""

PERIODS_AT_ONCE = 5000
"""Periods whose keys are deleted at a time. There are many after a long stop, or if the clock was set."""

FORGOTTEN = "submission_keys_forgotten"
"""The setting in the store with the time before which all keys are deleted."""

Make = Callable[[SubmissionKey], Awaitable[Job]]
"""Makes a job, and stores the key together with it."""


class _UnderWay:
    """A submission under way. *failure*: with which error it failed, if a repetition may succeed."""

    def __init__(self) -> None:
        self.ended = Condition()
        self.failure: Unavailable | None = None


class Once:
    """Makes one job for each key."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._under_way: dict[str, _UnderWay] = {}
        self._forgotten = datetime.max

    def restore(self, meta: Mapping[str, str]) -> None:
        """Load how far keys are deleted from *meta*, the settings in the store."""
        self._forgotten = datetime.fromisoformat(meta[FORGOTTEN]) if FORGOTTEN in meta else self._due()

    async def make(self, key: str, user: User, digest: str, job_id: str, make: Make) -> tuple[Job, bool]:
        """The job that *user* submitted with *key*, and whether it was there; if not, *make* makes it, with *job_id*.

        *digest*: of what is submitted. Raises :class:`~awed.model.errors.KeyReused` if it differs from that of the
        first submission with the key. Of submissions at the same time one makes the job and the others wait. The
        submission goes on if the result is cancelled.
        """
        id = sha256(f"{user.name}\0{key}".encode()).hexdigest()
        record = SubmissionKey(id, job_id, digest, _period(self._shell.now().time))
        return await to_the_end(self._alone(record, user, make))

    async def _alone(self, record: SubmissionKey, user: User, make: Make) -> tuple[Job, bool]:
        while (other := self._under_way.get(record.id)) is not None:
            await other.ended.wait()
            if other.failure is not None:
                raise other.failure
        mine = self._under_way[record.id] = _UnderWay()
        try:
            return await self._found_or_made(record, user, make)
        except Unavailable as error:
            mine.failure = error
            raise
        finally:
            del self._under_way[record.id]
            mine.ended.notify()

    async def _found_or_made(self, record: SubmissionKey, user: User, make: Make) -> tuple[Job, bool]:
        await self._shell.committer.durable()  # until an earlier try that failed has been undone
        known = await self._shell.store.one(SubmissionKey, id=record.id)
        if known is None:
            return await make(record), False
        if known.digest != record.digest:
            raise KeyReused(f"this Idempotency-Key was used for job {known.job}, which was another request")
        found = await self._shell.job(known.job)
        require(user, "read", found.acl, JobNotFound(known.job))
        return found.job, True

    async def forget(self) -> None:
        """Delete the keys that have expired."""
        due = self._due()
        first = min(self._forgotten, due)  # due is the earlier one after the clock was set back
        due = min(due, first + PERIODS_AT_ONCE * PERIOD)
        periods = list(_periods(first, due))
        self._forgotten = due
        await self._shell.committer.commit(Batch(gone_key_periods=periods, meta={FORGOTTEN: due.isoformat()}))

    def _due(self) -> datetime:
        return self._shell.now().time - KEPT - PERIOD


def _periods(first: datetime, last: datetime) -> Iterator[str]:
    """The periods from that of *first* to that of *last*."""
    while first < last:
        yield _period(first)
        first += PERIOD
    yield _period(last)


def _period(time: datetime) -> str:
    return time.isoformat()[: len("2026-11-23T20:4")]
