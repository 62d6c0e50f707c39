"""Submissions with an ``Idempotency-Key``: however often one is repeated, it makes one job."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from awed.auth.rights import require
from awed.model.access import User
from awed.model.errors import KeyReused, Unavailable
from awed.model.job import Job
from awed.model.records import Batch, SubmissionKey
from awed.service.shell import Shell
from awed.tx.locks import Condition, to_the_end

KEPT = timedelta(days=2)
"""How long a key is kept: a day, and one more for clocks that are set."""

PERIOD = timedelta(minutes=10)
"""Keys of as long a time are forgotten together."""

PERIODS_AT_ONCE = 5000
"""How many periods are forgotten in one go, after a long time or with a clock that was set."""

FORGOTTEN = "submission_keys_forgotten"
"""The key of the store's meta data for the time before which no key is left."""

Make = Callable[[SubmissionKey], Awaitable[Job]]
"""Makes a job that is stored together with a key."""


class _UnderWay:
    """A submission that is under way. *failure*: why it ended that might pass."""

    def __init__(self) -> None:
        self.ended = Condition()
        self.failure: Unavailable | None = None


class Once:
    """Makes jobs by key, each once."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._under_way: dict[str, _UnderWay] = {}
        self._forgotten = datetime.max

    def restore(self, meta: Mapping[str, str]) -> None:
        """Go on where the last start left off; *meta*: of the store."""
        self._forgotten = datetime.fromisoformat(meta[FORGOTTEN]) if FORGOTTEN in meta else self._due()

    async def make(self, key: str, user: User, digest: str, job_id: str, make: Make) -> tuple[Job, bool]:
        """The job that *user* has under *key*, made now with *job_id* if there is none; and whether it was there.

        *digest* tells what is submitted: another than before is :class:`~awed.model.errors.KeyReused`. Two that come
        at once wait for each other. It goes on to its end, whoever cancels its result.
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
        await self._shell.committer.durable()  # an earlier try may have to be taken back
        known = await self._shell.store.one(SubmissionKey, id=record.id)
        if known is None:
            return await make(record), False
        if known.digest != record.digest:
            raise KeyReused(f"this Idempotency-Key was used for job {known.job}, which was another request")
        found = await self._shell.job(known.job)
        require(user, "read", found.acl)
        return found.job, True

    async def forget(self) -> None:
        """Forget the keys whose time is over."""
        due = self._due()
        first = min(self._forgotten, due)  # a clock that was set back
        due = min(due, first + PERIODS_AT_ONCE * PERIOD)
        periods = list(_periods(first, due))
        self._forgotten = due
        await self._shell.committer.commit(Batch(gone_key_periods=periods, meta={FORGOTTEN: due.isoformat()}))

    def _due(self) -> datetime:
        return self._shell.now().time - KEPT - PERIOD


def _periods(first: datetime, last: datetime) -> Iterator[str]:
    """The periods from the one of *first* to the one of *last*."""
    while first < last:
        yield _period(first)
        first += PERIOD
    yield _period(last)


def _period(time: datetime) -> str:
    return time.isoformat()[: len("2026-11-23T20:4")]
