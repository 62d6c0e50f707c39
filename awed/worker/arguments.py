"""The argument list and the environment of a workunit's command."""

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence

from awed.model.job import SCRIPT_NAME, Cmd
from awed.model.resources import RUNS
from awed.model.work import Workunit
from awed.worker.errors import WorkFailed
from awed.worker.machine import Allotment

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
"""Variables of the worker's own environment that commands inherit; no others are."""

SERVER_VARIABLE = "AWE_SERVER"
"""Holds the address of the server, as this worker uses it."""

TOLD_TO_RUNS = (SERVER_VARIABLE, "AWE_CA")
"""Variables that only runs inherit: by these they find the server."""

_NAME_END = r"(?![\w.-])"
_VARIABLE = r"\$\{(?P<variable>\w+)\}"


def command_line(cmd: Cmd, files: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    """The argument list of *cmd*: program first, ``@name`` and ``${VAR}`` replaced in the arguments.

    *files*: path by name; *variables*: value by name. ``args`` is split as a shell would before anything is replaced,
    so a value with blanks stays one argument, and an ``@`` or ``$`` in a value stays as it is. Unknown names are left
    in place. A ``cmd_script`` gets the arguments as ``$1``, ``$2``, ...

    Raises :class:`WorkFailed` for quotes that do not match.
    """
    arguments = substituted(cmd.args_array or _split(cmd.args), files, variables)
    if cmd.cmd_script:
        return [*_interpreter(cmd.cmd_script[0]), SCRIPT_NAME, *arguments]
    return [cmd.name, *arguments]


def substituted(arguments: Sequence[str], files: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    """*arguments* with each ``@name`` of *files* and ``${VAR}`` of *variables* replaced, in one pass."""
    pattern = _pattern(files)

    def value(match: re.Match[str]) -> str:
        if match["variable"] is None:
            return files[match["file"]]
        return variables.get(match["variable"], match[0])

    return [pattern.sub(value, argument) for argument in arguments]


def environment(
    work: Workunit, allotment: Allotment, private: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, str]:
    """The environment of the command of *work*.

    *private*: its private variables, *inherited*: the worker's own environment. A document can set any variable but
    those that tell the command about its workunit and *allotment*.
    """
    names = (*INHERITED, *TOLD_TO_RUNS) if RUNS in allotment.said else INHERITED
    kept = {name: inherited[name] for name in names if name in inherited}
    own = {
        "AWE_RANK": str(work.rank),
        "AWE_TOTALWORK": str(work.totalwork),
        "AWE_JOBID": work.jobid,
        "AWE_TASKID": work.taskid,
        "AWE_WORKID": work.wuid,
        "AWE_ATTEMPT": str(work.attempt),
        "AWE_PYTHON": sys.executable,
        CLIENT_VARIABLE: work.client,
        **allotment.environment(),
    }
    usual = {"PATH": os.defpath, "OMP_NUM_THREADS": str(allotment.threads)}
    return {**usual, **kept, **work.cmd.environ.public, **private, **own}


CLIENT_VARIABLE = "AWE_CLIENTID"
"""Holds the id of the worker that started a command. A worker that was killed finds its commands by this variable."""

RUN_VARIABLES = ("AWE_WORKID", "AWE_ATTEMPT", CLIENT_VARIABLE)
"""The variables that together identify the run of a workunit to which a process belongs."""


def _pattern(files: Mapping[str, str]) -> re.Pattern[str]:
    # Longest first: of the files ``a`` and ``a.b``, ``@a.b`` names the second. No letter of a name may follow,
    # so that ``@reads.fq.gz`` is not taken for the file ``reads.fq``.
    names = "|".join(re.escape(name) for name in sorted(files, key=len, reverse=True))
    file = f"@(?P<file>{names}){_NAME_END}" if names else "(?P<file>(?!))"
    return re.compile(f"{file}|{_VARIABLE}")


def _split(args: str) -> list[str]:
    try:
        return shlex.split(args) if args else []
    except ValueError as error:
        raise WorkFailed(f"cannot split cmd.args: {error}: {args}") from None


def _interpreter(first_line: str) -> list[str]:
    """The interpreter of a script, with its arguments: what *first_line* says after ``#!``, else the shell."""
    named = _split(first_line.removeprefix("#!")) if first_line.startswith("#!") else []
    return named or ["/bin/sh"]
