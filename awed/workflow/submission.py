"""The result of reading the document of a new job."""

from msgspec import Struct

from awed.model.hook import Notify
from awed.model.job import Job


class Submission(Struct):
    """A checked job for the scheduler: full ids, all dependencies in ``depends_on``, every task at ``init``.

    By full task id, and not in the job: *private_env*, private environment variables, and *passwords* of input URLs,
    by the URL without the password. *size*: bytes of the document. *hosts*: those that its files name. *notify*: who
    is to be told of the job.
    """

    job: Job
    private_env: dict[str, dict[str, str]] = {}
    passwords: dict[str, dict[str, str]] = {}
    size: int = 0
    hosts: frozenset[str] = frozenset()
    notify: Notify | None = None
