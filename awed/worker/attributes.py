"""Attribute files: JSON files with the attributes of an input's node, or of an output's."""

import os
import stat
from pathlib import Path
from typing import Any

import msgspec

from awed.model.node import LONGEST_ATTRIBUTES
from awed.worker.errors import WorkFailed


def write_attributes(path: Path, value: Any) -> None:
    """Write the attributes *value* of an input's node, ``{}`` for None. Blocks: for a thread.

    Raises :class:`OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode({} if value is None else value))


def read_attributes(path: Path) -> dict[str, Any]:
    """The object in the attribute file of an output; empty if the command wrote no file. Blocks: for a thread.

    Raises :class:`WorkFailed` unless it is a plain file of at most ``LONGEST_ATTRIBUTES`` bytes with a JSON object.
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
    """The content of a plain file. Raises :class:`ValueError` for anything else, and :class:`OSError`.

    ``O_NONBLOCK``, because to open a FIFO could take for ever.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not a plain file")
        if found.st_size > LONGEST_ATTRIBUTES:
            raise ValueError(f"it has {found.st_size} bytes, more than the {LONGEST_ATTRIBUTES} allowed")
        return file.read()
