"""Attribute files: what a command is told of a node, and what it says of one."""

import os
import stat
from pathlib import Path
from typing import Any

import msgspec

from awed.model.node import LONGEST_ATTRIBUTES
from awed.worker.errors import WorkFailed


def write_attributes(path: Path, value: Any) -> None:
    """Write the attributes of an input's node, an empty object if it has none. Blocks: for a thread."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode({} if value is None else value))


def read_attributes(path: Path) -> dict[str, Any]:
    """The object in the attribute file of an output; empty if the command wrote none. Blocks: for a thread.

    Raises :class:`WorkFailed` for what is no plain file, too large, or no JSON object that could be sent on.
    """
    try:
        text = _read(path)
        value = msgspec.json.decode(text) if text else {}
    except FileNotFoundError:
        return {}
    except RecursionError:
        raise WorkFailed(f"the attribute file {path.name} is nested too deeply") from None
    except OSError as error:
        raise WorkFailed(f"cannot read the attribute file {path.name}: {error.strerror}") from error
    except ValueError as error:
        raise WorkFailed(f"cannot read the attribute file {path.name}: {error}") from error
    if not isinstance(value, dict):
        raise WorkFailed(f"the attribute file {path.name} does not hold a JSON object")
    return value


def _read(path: Path) -> bytes:
    """What a plain file holds. To open anything else might take for ever, as a FIFO does without ``O_NONBLOCK``."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not a plain file")
        if found.st_size > LONGEST_ATTRIBUTES:
            raise ValueError(f"it has {found.st_size} bytes, more than the {LONGEST_ATTRIBUTES} allowed")
        return file.read()
