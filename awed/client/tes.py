"""The calls for TES tasks."""

from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from awed.client.calls import Call, Request, Response, understanding
from awed.model.errors import Unavailable
from awed.model.tes import ExecutorLog, OutputLog
from awed.wire.errors import error_of
from awed.wire.headers import IDEMPOTENCY_KEY, REPLAYED

BASE = "/ga4gh/tes/v1/tasks"

UNENDED = ("QUEUED", "INITIALIZING", "RUNNING", "PAUSED")
"""The states of tasks that have not ended."""

COMPLETE = "COMPLETE"

T = TypeVar("T")


class Created(NamedTuple):
    """A task that was submitted. *is_known*: whether an earlier submission with the same key had made it."""

    id: str
    is_known: bool


class TaskLog(Struct):
    """The log of a run of a task."""

    logs: list[ExecutorLog] = []
    outputs: list[OutputLog] = []
    system_logs: list[str] = []


class Task(Struct):
    """What is read of a task."""

    id: str
    state: str = ""
    logs: list[TaskLog] = []

    @property
    def log(self) -> TaskLog:
        """The log of its last run, an empty one if there is none."""
        return self.logs[-1] if self.logs else TaskLog()


class _Problem(Struct):
    message: str = ""


def create(document: bytes, key: str) -> Call[Created]:
    """Submit the task *document*. Several calls with the same *key* make one."""
    headers = {"Content-Type": "application/json", IDEMPOTENCY_KEY: key}
    return Call(Request("POST", BASE, document, headers), _created)


def task(task_id: str) -> Call[Task]:
    """Get all that there is to know about a task."""
    return Call(Request("GET", f"{BASE}/{task_id}?view=FULL"), lambda response: _read(response, Task))


def cancel(task_id: str) -> Call[Any]:
    """Cancel a task. One that has ended stays as it is."""
    return Call(Request("POST", f"{BASE}/{task_id}:cancel"), lambda response: _read(response, dict[str, Any]))


def _created(response: Response) -> Created:
    return Created(_read(response, Task).id, response.headers.get(REPLAYED.lower()) == "true")


def _read(response: Response, kind: type[T]) -> T:
    """The answer, which has no envelope. Raises the error that it stands for."""
    with understanding():
        if response.status == 200:
            return msgspec.json.decode(response.content, type=kind)
    try:
        text = msgspec.json.decode(response.content, type=_Problem).message
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unavailable(f"{response.url} does not answer like an AWE server ({response.status})") from None
    raise error_of(response.status, [text])
