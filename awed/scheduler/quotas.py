"""What the unfinished jobs of one user may take: how many they are, their tasks, the bytes of their documents."""

from collections import defaultdict

from msgspec import Struct

from awed.model.errors import QuotaReached
from awed.scheduler.entries import JobEntry


class Quota(Struct, frozen=True):
    """The most that a user may have unfinished, None for no limit."""

    jobs: int | None = None
    tasks: int | None = None
    bytes: int | None = None


class Usage(Struct):
    """What a user has unfinished."""

    jobs: int = 0
    tasks: int = 0
    bytes: int = 0


class Usages:
    """The usage of each user who has unfinished jobs. A job counts for who submitted it, whoever owns it later."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._by_user: defaultdict[str, Usage] = defaultdict(Usage)

    def check(self, entry: JobEntry) -> None:
        """Raises :class:`~awed.model.errors.QuotaReached` if *entry* would be too much."""
        used = self._by_user.get(entry.submitter, Usage())
        wanted = Usage(used.jobs + 1, used.tasks + len(entry.tasks), used.bytes + entry.size)
        for name, unit in (("jobs", "jobs"), ("tasks", "tasks"), ("bytes", "bytes of job documents")):
            limit, count = getattr(self._quota, name), getattr(wanted, name)
            if limit is not None and count > limit:
                raise QuotaReached(
                    f"a user may have {limit} {unit} unfinished at this server, and with this job"
                    f" {entry.submitter} would have {count}: submit it when some have ended"
                )

    def add(self, entry: JobEntry) -> None:
        """Count a job that is held from now on."""
        self._count(entry, 1)

    def remove(self, entry: JobEntry) -> None:
        """Count a job no more."""
        self._count(entry, -1)
        if not self._by_user[entry.submitter].jobs:
            del self._by_user[entry.submitter]

    def _count(self, entry: JobEntry, sign: int) -> None:
        used = self._by_user[entry.submitter]
        used.jobs += sign
        used.tasks += sign * len(entry.tasks)
        used.bytes += sign * entry.size
