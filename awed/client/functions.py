"""Calls of functions as jobs: what is sent for them, and what comes back. Without I/O."""

import pickle
import sys
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import getsource
from io import BytesIO
from typing import Any, NamedTuple

from awed.client import remote
from awed.model.resources import Said

try:
    from cloudpickle import dumps
except ImportError:
    from pickle import dumps

Arguments = tuple[Sequence[Any], Mapping[str, Any]]
"""The arguments of one call, by position and by name."""

INLINE = 8 * 1024
"""Bytes up to which calls are an argument of the command; larger ones are a file."""

CALLS = "calls"
"""The file with the calls."""

TASK = "call"
"""The id of the task."""

_REMOTE = getsource(remote)


class RemoteTraceback(Exception):
    """The ``__cause__`` of an exception that a function raised at a worker: its traceback there, as text *tb*."""

    def __init__(self, tb: str) -> None:
        super().__init__(tb)
        self.tb = tb

    def __str__(self) -> str:
        return f'\n"""\n{self.tb}"""'


class Outcome(NamedTuple):
    """What became of a chunk of calls: the *values*, or the first *error*."""

    values: list[Any]
    error: BaseException | None = None


class Packed(NamedTuple):
    """Calls, pickled. *version*: of the only Python that can call them, "" if any can."""

    data: bytes
    version: str

    @property
    def is_small(self) -> bool:
        return len(self.data) <= INLINE


def packed(function: Callable[..., Any], chunks: Sequence[Sequence[Arguments]]) -> Packed:
    """Pickle chunks of calls of *function*.

    With cloudpickle functions and classes of any kind are sent whole; without it only their names are. Raises what
    pickle does for things that cannot be pickled.
    """
    if dumps is pickle.dumps and getattr(function, "__module__", "") == "__main__":
        name = getattr(function, "__qualname__", function)
        raise pickle.PicklingError(
            f"{name} is of __main__, where workers cannot find it: pip install awed[cloudpickle]"
        )
    data = pickle.dumps((dumps(function), [dumps(list(chunk)) for chunk in chunks]))
    version = "{}.{}".format(*sys.version_info) if b"cloudpickle" in data else ""
    return Packed(data, version)


def task_of(calls: Packed, chunks: int, file: Mapping[str, str], resources: Said, python: str) -> dict[str, Any]:
    """The task with a workunit for each of the *chunks* of *calls*. *file*: where they are, if they are not small."""
    argument = f"={b2a_base64(calls.data, newline=False).decode()}" if calls.is_small else f"@{CALLS}"
    program, *first = [python] if python else ["env", "${AWE_PYTHON}"]
    return {
        "taskid": TASK,
        "cmd": {"name": program, "args_array": [*first, "-c", _REMOTE, argument, calls.version]},
        "totalwork": chunks,
        "predata": [] if calls.is_small else [{"filename": CALLS, **file}],
        "outputs": [{"filename": remote.RESULT, "optional": True}],
        "resources": dict(resources),
    }


def said(text: str) -> Outcome | None:
    """The outcome that a workunit printed; None if it is in the file of the job's results."""
    if text.strip() == remote.RESULT:
        return None
    try:
        return _outcome(a2b_base64(text))
    except Error as error:
        return Outcome([], RuntimeError(f"the worker's Python printed no outcome but {text[:200]!r} ({error})"))


def large(data: bytes) -> Iterator[tuple[int, Outcome]]:
    """The outcomes in the file of a job's results, with their ranks."""
    file = BytesIO(data)
    while head := file.read(2 * remote.DIGITS):
        rank, length = int(head[: remote.DIGITS], 16), int(head[remote.DIGITS :], 16)
        yield rank, _outcome(file.read(length))


def _outcome(data: bytes) -> Outcome:
    try:
        values, error, text = pickle.loads(data)  # noqa: S301 - of functions that this program itself sent
    except BaseException as failure:  # whatever a pickled class does: it may also end a program
        return Outcome([], RuntimeError(f"the outcome cannot be read here: {failure!r}"))
    if error is not None:
        error.__cause__ = RemoteTraceback(text)
    return Outcome(values, error)
