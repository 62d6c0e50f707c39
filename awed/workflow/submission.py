"""The result of reading the document of a new job."""

from msgspec import Struct

from awed.model.job import Job


class Submission(Struct):
    """A checked job for the scheduler: full ids, all dependencies in ``depends_on``, every task at ``init``.

    *private_env*: private environment variables by full task id, which are not in the job. *size*: bytes of the
    document.
    """

    job: Job
    private_env: dict[str, dict[str, str]] = {}
    size: int = 0
