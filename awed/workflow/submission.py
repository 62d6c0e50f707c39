"""What reading a document yields: a checked job and the secrets that were in it."""

from msgspec import Struct

from awed.model.job import Job


class Submission(Struct):
    """A job ready for the scheduler: full ids, dependencies complete (origins included), every task at ``init``.

    *private_env*: private variables by full task id; they are not in the job. *size*: bytes of the document.
    """

    job: Job
    private_env: dict[str, dict[str, str]] = {}
    size: int = 0
