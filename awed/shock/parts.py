"""Files that come in parts: each a file of its own until all are there, then merged in the order of their numbers.

A part carries its name and checksum with it, after its bytes, so that one rename makes both durable, and the arrival
of one of ten thousand parts costs no more than that of one of two.
"""

import os
import struct
from pathlib import Path

import msgspec
from msgspec import Struct

from awed.model.node import NodeParts
from awed.shock.files import NodeFiles, Upload

PREFIX = "part."
_LENGTH = struct.Struct("<I")


class ArrivedPart(Struct):
    """One part: the file name it came with, what its bytes are, and from which run of a workunit they come."""

    name: str
    md5: str
    size: int
    attempt: int = 0


class Arrivals:
    """The parts of one node that have arrived, by number from 1 up."""

    def __init__(self, parts: dict[int, ArrivedPart]) -> None:
        self.parts = parts

    def shown(self, declared: NodeParts) -> NodeParts:
        """What the node's document says of its parts, with those that have arrived."""
        count = max(declared.count, max(self.parts, default=0))
        entries = [self.parts.get(number) for number in range(1, count + 1)]
        shown = [None if part is None else [part.name, part.md5] for part in entries]
        return msgspec.structs.replace(declared, length=len(self.parts), parts=shown)

    def complete(self, declared: NodeParts) -> bool:
        """Whether nothing is missing any more."""
        return not declared.varlen and declared.count > 0 and len(self.parts) == declared.count


def part_name(number: int) -> str:
    """The name of a part in its node's directory."""
    return f"{PREFIX}{number}"


def stage_part(files: NodeFiles, upload: Upload, attempt: int) -> tuple[Path, ArrivedPart]:
    """Make an upload durable as a part, in the temporary directory. Blocks."""
    part = ArrivedPart(upload.filename or "", upload.md5, upload.size, attempt)
    trailer = msgspec.json.encode(part)
    return files.stage(upload, trailer + _LENGTH.pack(len(trailer))), part


def read_arrivals(files: NodeFiles, node_id: str) -> Arrivals:
    """What has arrived of a node, from its directory. Blocks."""
    directory = files.directory(node_id)
    names = [name for name in os.listdir(directory) if name.startswith(PREFIX)] if directory.exists() else []
    return Arrivals({int(name.removeprefix(PREFIX)): _read_part(directory / name) for name in names})


def _read_part(path: Path) -> ArrivedPart:
    with path.open("rb") as file:
        file.seek(-_LENGTH.size, os.SEEK_END)
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        file.seek(-_LENGTH.size - length, os.SEEK_END)
        return msgspec.json.decode(file.read(length), type=ArrivedPart)
