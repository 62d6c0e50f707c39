"""The errors that a caller can cause or must be told. Any other exception is a fault of awed itself.

:mod:`awed.wire.errors` maps these classes to HTTP statuses; this module knows nothing of HTTP. The caller is shown
the texts, and workers of the original AWE compare some of them word for word.
"""


class AwedError(Exception):
    """Base class of all errors in this module. *texts*: one sentence for each fault; if none is given, *said*."""

    said: tuple[str, ...] = ()

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts or self.said)
        super().__init__("; ".join(self.texts))


class Invalid(AwedError):
    """The request or its document is wrong, or what it asks is impossible in the present state of what it names."""


class Unimplemented(Invalid):
    """The collection has no such operation."""


class NotFound(AwedError):
    """The request names something that does not exist."""


class Unauthorized(AwedError):
    """The caller is not authenticated, or has no right to do this."""


class UnknownCredentials(Unauthorized):
    """The token or password is of no known user, group or job."""

    said = ("Invalid Auth Header",)


class Conflict(AwedError):
    """The request contradicts what is established: its id is taken, or a newer attempt of its workunit exists."""


class KeyReused(AwedError):
    """The ``Idempotency-Key`` was sent before, with a different request."""


class Unavailable(AwedError):
    """What the request needs (database, identity server, data host, disk) does not answer. It is safe to repeat."""


class StoreAway(Unavailable):
    """The daemon's own store does not answer. The daemon itself tries again and goes on once the store is back."""


class Superseded(StoreAway):
    """Another daemon has taken over this daemon's store, to which this daemon must not write any more."""

    said = ("database: another awed has taken it over",)


class Gone(NotFound):
    """What is asked for is not kept any more. *oldest*: the number of the first event that is kept, 0 if unknown."""

    def __init__(self, *texts: str, oldest: int = 0) -> None:
        super().__init__(*texts)
        self.oldest = oldest


class TooLarge(AwedError):
    """The body of a request is larger than its limit."""


class QuotaReached(AwedError):
    """A user has reached the limit of what one user may have on this server."""


class NoSpace(AwedError):
    """There is too little free disk space for what a request sends."""


class Locked(AwedError):
    """A node's file or index is still being built."""


class JobNotFound(NotFound):
    """There is no job with this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job not found: {job_id}")


class GroupNotFound(NotFound):
    """There is no client group with this id, or the caller may not know of it."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"clientgroup not found: {group_id}")


class NodeNotFound(NotFound):
    """There is no node with this id, or the caller may not know of it."""

    said = ("Node not found",)


class WorkNotFound(Invalid):
    """There is no workunit with this id. The original answers 400 here, not 404."""

    def __init__(self, work_id: str) -> None:
        super().__init__(f"no workunit found with id {work_id}")


class LogNotFound(Invalid):
    """A workunit has no log called *name*, or none yet."""

    def __init__(self, name: str) -> None:
        super().__init__(f"log type '{name}' not found")


class ClientNotFound(Invalid):
    """The client is not registered. Workers that read this text register again."""

    said = ("Client not found",)


class NothingToDo(Invalid):
    """A checkout found no work. Workers compare the texts of its subclasses word for word."""


class NoEligibleWork(NothingToDo):
    """Work is queued, but none that this client may have."""

    said = ("No eligible workunit found",)


class QueueEmpty(NothingToDo):
    """No work is queued."""

    said = ("Server queue is empty",)


class QueueSuspended(NothingToDo):
    """An administrator suspended the queue: nobody is handed work."""

    said = ("Server queue is suspended",)


class ClientBusy(Invalid):
    """The client holds as many workunits as it has slots."""

    said = ("Client busy",)


class ClientSuspended(Invalid):
    """The client is suspended and gets no work."""

    said = ("Client suspended",)


class StaleAttempt(Conflict):
    """A report is of an attempt that is no longer current, or comes from a client that no longer has the workunit."""
