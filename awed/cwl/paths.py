"""Where the files of a step are: the same places for the same files, as tasks are recognised by their documents."""

import os
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from cwltool.pathmapper import MapperEnt, PathMapper
from cwltool.stdfsaccess import StdFsAccess
from cwltool.utils import get_listing
from schema_salad.ref_resolver import uri_file_path

CLASSES = ("File", "Directory")
"""The classes of objects that are files or directories."""

LITERAL = "_:"
"""How the location of a file or directory begins that is nowhere: its content is in the object itself."""


class Paths(PathMapper):
    """The places of *files* below *stagedir*. *separate*: whether each has a folder of its own, a number.

    Directories are listed by *access*, as the task names all files in them.
    """

    def __init__(self, files: list[Any], stagedir: str, separate: bool, access: StdFsAccess) -> None:
        self._access = access
        super().__init__(files, "", stagedir, separate)

    def setup(self, referenced_files: Iterable[Any], basedir: str) -> None:
        for number, file in enumerate(referenced_files):
            folder = os.path.join(self.stagedir, str(number)) if self.separateDirs else self.stagedir
            self.visit(file, folder, basedir, copy=bool(file.get("writable")), staged=True)

    def visit(self, obj: Any, stagedir: str, basedir: str, copy: bool = False, staged: bool = False) -> None:
        location: str = obj["location"]
        if location in self._pathmap:
            return
        target = os.path.join(obj.get("dirname") or stagedir, _name(obj))
        writable = "Writable" if copy else ""
        if obj["class"] == "Directory":
            source = _plain(location)
            self._pathmap[location] = MapperEnt(source, target, f"{writable}Directory", staged)
            self.visitlisting(self._listing(obj), target, basedir, copy=copy, staged=staged)
            return
        is_literal = location.startswith(LITERAL)
        source = obj["contents"] if is_literal else _plain(location)
        kind = f"Create{writable}File" if is_literal else f"{writable}File"
        self._pathmap[location] = MapperEnt(source, target, kind, staged)
        self.visitlisting(obj.get("secondaryFiles", []), stagedir, basedir, copy=copy, staged=staged)

    def reversemap(self, target: str) -> tuple[str, str] | None:
        """As of cwltool, but no literal: one that became a file in the step's directory is an output like any."""
        found = super().reversemap(target)
        return None if found and found[0].startswith(LITERAL) else found

    def _listing(self, directory: Any) -> list[Any]:
        if "listing" in directory or directory["location"].startswith(LITERAL):
            found: list[Any] = directory.get("listing", [])
            return found
        listed = {"class": "Directory", "location": directory["location"]}
        get_listing(self._access, listed, recursive=False)
        return self._listing(listed)


def _plain(location: str) -> str:
    """*location*; of a file of this machine its path, which cwltool takes for a location that is settled."""
    return uri_file_path(location) if location.startswith("file://") else location


def _name(obj: Any) -> str:
    """The name of a file or directory. That of a literal which has none is made of its content, not at random."""
    name: str = obj["basename"]
    if obj["location"] == LITERAL + name:
        return sha256(obj.get("contents", "").encode()).hexdigest()[:16]
    return name


def is_directory(entry: MapperEnt) -> bool:
    """Whether a place is that of a directory."""
    return str(entry.type).endswith("Directory")


def is_literal(entry: MapperEnt) -> bool:
    """Whether a place is that of a file whose content stands in the object itself."""
    return str(entry.type).startswith("Create")
