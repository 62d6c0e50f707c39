"""Images that lie unpacked in a directory, as trees of files. Commands run over them in namespaces, by bubblewrap."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from awed.worker.containers.bubblewrap import capabilities, devices, gpus, isolate
from awed.worker.containers.engine import mounts, with_tmp
from awed.worker.containers.fetching import checked
from awed.worker.containers.interface import Place, View
from awed.worker.containers.variables import own
from awed.worker.errors import WorkFailed
from awed.worker.process import Running, Start

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for: what an image says of that is not in its files."""

_MADE = ("dev", "proc", "tmp")
"""Folders that are each command's own."""


class Unpacked:
    """The image ``NAME`` is the directory ``NAME`` in *directory*, which commands read. *program*: that of
    bubblewrap."""

    def __init__(self, start: Start, program: str, directory: Path, roots: Sequence[Path]) -> None:
        self._start = start
        self._program = program
        self._directory = directory
        self._roots = roots

    async def prepare(self, image: str, place: Place) -> None:
        self._of(image)

    def _of(self, image: str) -> Path:
        path = self._directory / checked(image)
        if ".." in path.parts or not path.is_dir():
            raise WorkFailed(f"there is no image {image} in {self._directory}")
        return path

    async def start(self, argv: Sequence[str], place: Place, view: View) -> Running:
        places = mounts(place.root, self._roots, view)
        isolated = ["--unshare-pid", "--unshare-ipc", *capabilities(as_in_image=True)]
        isolated += [] if view.network else ["--unshare-net"]
        image = self._of(view.image)
        shown = [*_image(image, PurePosixPath("/"), list(places)), *_made(image, view.workdir)]
        shown += [*devices(), *gpus(view)]
        for path, source in sorted(with_tmp(places, place).items()):
            shown += ["--bind", source, path]
        where = ["--chdir", view.workdir or ("/" if view.tree else str(place.root))]
        variables = {"PATH": _PATH, **own(place, view)}
        bubblewrap = [self._program, *isolated, *shown, *where]
        return isolate(self._start, bubblewrap, argv, place._replace(environ=variables), view)


def _made(image: Path, workdir: str) -> list[str]:
    """Makes *workdir*, if the image lacks it."""
    return ["--dir", workdir] if workdir and not os.path.lexists(f"{image}{workdir}") else []


def _image(image: Path, inside: PurePosixPath, points: list[str]) -> Iterator[str]:
    """Shows the files of the directory *image* at *inside*, each folder as a whole if no point is in it."""
    for entry in sorted(image.iterdir()):
        path = inside / entry.name
        if entry.is_symlink():
            yield from ("--symlink", os.readlink(entry), str(path))
        elif entry.is_dir() and any(PurePosixPath(point).is_relative_to(path) for point in points):
            yield from ("--dir", str(path))
            yield from _image(entry, path, points)
        elif path.parent != PurePosixPath("/") or entry.name not in _MADE:
            yield from ("--ro-bind", str(entry), str(path))
