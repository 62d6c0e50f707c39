"""Workunits for tests."""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from awed.model.job import IO, Cmd, Info
from awed.model.work import Workunit
from awed.tx.threads import InThread
from awed.worker.machine import Allotment

P = ParamSpec("P")
T = TypeVar("T")

JOB = "128068d0-9ebf-4027-a1c9-1578d354c940"
CLIENT = "42becfc8-36b9-43a4-ae9c-a11546daa7ed"
PLAIN = Allotment({"cores": 1}, {})
"""What a command gets whose task says nothing."""

HOST = "http://127.0.0.1:7445"


def workunit(name: str = "true", args: str = "", *, task: str = "0", rank: int = 0, **fields: Any) -> Workunit:
    """A workunit that runs one command. *fields* are those of the workunit, or of its ``cmd``."""
    cmd = {key: fields.pop(key) for key in list(fields) if key in Cmd.__struct_fields__}
    wuid = f"{JOB}_{task}_{rank}"
    return Workunit(
        **{
            "wuid": wuid,
            "id": wuid,
            "jobid": JOB,
            "taskid": f"{JOB}_{task}",
            "task_name": task,
            "info": Info(),
            "inputs": [],
            "outputs": [],
            "predata": [],
            "cmd": Cmd(name=name, args=args, **cmd),
            "rank": rank,
            "totalwork": 1,
            "client": CLIENT,
            "attempt": 1,
            **fields,
        }
    )


def file(filename: str, **fields: Any) -> IO:
    """An input or output in a node of its own name."""
    return IO(filename=filename, **{"host": HOST, "node": f"node-of-{filename}", **fields})


async def _at_once(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return function(*args, **kwargs)


IN_THREAD: InThread = _at_once
"""No thread: here and now."""


def result(step: Coroutine[Any, Any, T]) -> T:
    """What *step* returns or raises, without any waiting."""
    waiting = Deferred.fromCoroutine(step)
    results: list[T | Failure] = []
    waiting.addBoth(results.append)
    (outcome,) = results
    if isinstance(outcome, Failure):
        outcome.raiseException()
    return outcome
