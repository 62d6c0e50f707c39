"""What can go wrong for a caller. Everything else that is raised is a fault of awed itself.

The API turns each family into one HTTP status, in one table (:mod:`awed.wire.errors`); nothing here knows HTTP.
The texts are what the caller reads, and some are compared word for word by the original's workers.
"""


class AwedError(Exception):
    """Base of all errors that a caller can cause or must hear of. *texts*: one sentence for each fault."""

    def __init__(self, *texts: str) -> None:
        super().__init__("; ".join(texts))
        self.texts = list(texts)


class Invalid(AwedError):
    """The request or its document is wrong, or does not fit the state of what it names."""


class NotFound(AwedError):
    """What the request names does not exist."""


class Unauthorized(AwedError):
    """The caller is unknown, or may not do this."""


class UnknownCredentials(Unauthorized):
    """Nobody knows the token or password that came."""

    def __init__(self) -> None:
        super().__init__("Invalid Auth Header")


class Conflict(AwedError):
    """Another truth is already established: a known id, a newer attempt."""


class Unavailable(AwedError):
    """Not now: the database, the identity server or the disk does not answer. Safe to repeat."""


class StoreAway(Unavailable):
    """The daemon's own store does not answer. What needs it goes on by itself when it is back."""


class Superseded(StoreAway):
    """Another daemon has taken the store over: this one must not write any more."""

    def __init__(self) -> None:
        super().__init__("database: another awed has taken it over")


class TooLarge(AwedError):
    """A body is over its limit."""


class QuotaReached(AwedError):
    """A user has as much here as one may have."""


class NoSpace(AwedError):
    """There is too little free disk for an upload."""


class Locked(AwedError):
    """A node's file or index is being built."""


class JobNotFound(NotFound):
    def __init__(self, job_id: str) -> None:
        super().__init__(f"job not found: {job_id}")


class WorkNotFound(Invalid):
    def __init__(self, work_id: str) -> None:
        super().__init__(f"no workunit found with id {work_id}")


class LogNotFound(Invalid):
    """A workunit has no log of that name, or none yet."""

    def __init__(self, name: str) -> None:
        super().__init__(f"log type '{name}' not found")


class ClientNotFound(Invalid):
    """Workers that see this text register again."""

    def __init__(self) -> None:
        super().__init__("Client not found")


class NothingToDo(Invalid):
    """A checkout found no work; the text is one of the seven that workers compare whole."""


class NoEligibleWork(NothingToDo):
    """There is work, but none that this client may have."""

    def __init__(self) -> None:
        super().__init__("No eligible workunit found")


class QueueEmpty(NothingToDo):
    def __init__(self) -> None:
        super().__init__("Server queue is empty")


class QueueSuspended(NothingToDo):
    def __init__(self) -> None:
        super().__init__("Server queue is suspended")


class ClientBusy(Invalid):
    def __init__(self) -> None:
        super().__init__("Client busy")


class ClientSuspended(Invalid):
    def __init__(self) -> None:
        super().__init__("Client suspended")


class StaleAttempt(Conflict):
    """A report came too late, or from a client that no longer holds the workunit."""
