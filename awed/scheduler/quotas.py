"""Quotas for the unfinished jobs of each user: their number, their tasks, and the bytes of their documents."""

from collections import defaultdict

from msgspec import Struct

from awed.model.errors import QuotaReached
from awed.scheduler.entries import JobEntry


class Quota(Struct, frozen=True):
    """How much a user may have unfinished, None for no limit. *bytes*: of documents."""

    jobs: int | None = None
    tasks: int | None = None
    bytes: int | None = None


class Usage(Struct):
    """How much a user has unfinished."""

    jobs: int = 0
    tasks: int = 0
    bytes: int = 0


class Usages:
    """The usage of each user with unfinished jobs. A job counts for its submitter, whoever owns it later."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._by_user: defaultdict[str, Usage] = defaultdict(Usage)

    def check(self, entry: JobEntry) -> None:
        """Raises :class:`~awed.model.errors.QuotaReached` if the job would exceed its submitter's quota."""
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
        """Count a job."""
        self._count(entry, 1)

    def remove(self, entry: JobEntry) -> None:
        """Stop counting a job."""
        self._count(entry, -1)
        if not self._by_user[entry.submitter].jobs:
            del self._by_user[entry.submitter]

    def _count(self, entry: JobEntry, sign: int) -> None:
        used = self._by_user[entry.submitter]
        used.jobs += sign
        used.tasks += sign * len(entry.tasks)
        used.bytes += sign * entry.size
