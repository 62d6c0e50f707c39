"""The environment variables of commands in containers."""

import os
import re
from collections.abc import Mapping

from awed.worker.arguments import INHERITED, RUN_VARIABLES
from awed.worker.containers.interface import Place, View
from awed.worker.errors import WorkFailed

_LINE = re.compile(r"[^\s#=*][^\s=*]*=[^\n\r\0]*")


def own(place: Place, view: View) -> dict[str, str]:
    """Its variables but those that are the worker's: the image has its own PATH. Its home is where it may write."""
    theirs = {name: value for name, value in place.environ.items() if not _is_inherited(name, value)}
    return {"HOME": "/tmp" if view.tree else str(place.root), **theirs}  # noqa: S108  its own


def in_container(place: Place, view: View) -> str:
    """A file of variables as engines read it: a line for each. Raises :class:`WorkFailed` for what has no place
    there."""
    lines = [f"{name}={value}" for name, value in own(place, view).items()]
    for line in lines:
        if not _LINE.fullmatch(line):
            name = line.partition("=")[0]
            raise WorkFailed(f"the variable {name!r} cannot be set in a container: a wrong name, or several lines")
    return "".join(f"{line}\n" for line in lines)


def of_engine(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables for an engine's program: the worker's own, which *environ*, those of a command, cannot change; and of
    these those that tell whose run it is."""
    return {**os.environ, **{name: environ[name] for name in RUN_VARIABLES if name in environ}}


def _is_inherited(name: str, value: str) -> bool:
    return name in INHERITED and os.environ.get(name) == value
