"""Files that a pattern finds in a directory that a command has filled. Its symbolic links may lead anywhere."""

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path

from awed.model.tes import WILDCARDS
from awed.worker.errors import WorkFailed

MOST = 100_000
"""Files that one output may stand for."""


def files_of(base: Path, top: Path, pattern: str) -> list[Path]:
    """All files that match *pattern* below *top*, and those in directories that match it, in alphabetical order.

    Patterns are as for :mod:`glob`, but a link is followed only to a directory in *base*, an absolute path without
    symbolic links, and by ``**`` not at all; one that leads out of *base* is a file. Blocks: for a thread. Raises
    :class:`WorkFailed` for more than MOST.
    """
    found = set[Path]()
    for match in _matching(base, top, pattern.split("/")):
        for file in _files(base, match, pattern):
            found.add(file)
            bound(len(found), pattern)
    return sorted(found)


def bound(number: int, pattern: str) -> None:
    """Raises :class:`WorkFailed` if *pattern* stands for too many files."""
    if number > MOST:
        raise WorkFailed(f"{pattern} stands for more than {MOST} files")


def _matching(base: Path, directory: Path, parts: list[str]) -> Iterator[Path]:
    part, rest = parts[0], parts[1:]
    if part == "**":
        for here, _ in _walk(directory) if rest else ():
            if not any(name.startswith(".") for name in here.relative_to(directory).parts):
                yield from _matching(base, here, rest)
        found = [] if rest else [directory]
    elif WILDCARDS.search(part):
        found = [directory / name for name in fits((entry.name for entry in _entries(directory)), part)]
    else:
        found = [directory / part] if os.path.lexists(directory / part) else []
    for path in found:
        if not rest:
            yield path
        elif path.is_dir() and _is_within(base, path):
            yield from _matching(base, path, rest)


def fits(names: Iterable[str], part: str) -> list[str]:
    """Those of *names* for which *part*, a part of a pattern, stands."""
    return [name for name in names if fnmatchcase(name, part) and (part[0] == "." or name[0] != ".")]


def _files(base: Path, path: Path, pattern: str) -> Iterator[Path]:
    """All files below *path*, if it is a directory in *base*; else it itself. No link is followed to a directory in
    which it lies."""
    rest: list[tuple[Path, tuple[str, ...]]] = [(path, ())]
    for number in count(1):
        if not rest:
            return
        bound(number, pattern)
        here, above = rest.pop()
        real = os.path.realpath(here)
        if not here.is_dir() or not Path(real).is_relative_to(base):
            yield here
        elif real not in above:
            for entry in _entries(here):
                if entry.is_dir():
                    rest.append((Path(entry), (*above, real)))
                else:
                    yield Path(entry)


def _walk(top: Path) -> Iterator[tuple[Path, list["os.DirEntry[str]"]]]:
    """*top* and all directories below it, each with what is in it. Not recursive, for a command makes them as deep as
    it likes."""
    rest = [top]
    while rest:
        here = rest.pop()
        entries = _entries(here)
        yield here, entries
        rest += [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _entries(directory: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(directory) as entries:
        return list(entries)


def _is_within(base: Path, path: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(base)
