"""What runs commands, and how they run without any isolation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from awed.worker.errors import WorkFailed
from awed.worker.logs import Logs
from awed.worker.machine import Allotment
from awed.worker.process import Running, Start


class View(NamedTuple):
    """What a command has. If there is no tree, it has the directory of its run, at its own path.

    *image*: the image of the container that it is meant for, "" for none. *tree*: a directory with what stands at the
    root, None for none; *points*: those paths below it that a container has, where the rest is of the image.
    *workdir*: where the command begins, "" for the directory of the run, or of the image if there is a tree. *stdin*:
    a descriptor, None for an empty one.
    """

    allotment: Allotment
    image: str = ""
    tree: Path | None = None
    points: tuple[str, ...] = ()
    workdir: str = ""
    stdin: int | None = None
    network: bool = False


class Way(Protocol):
    """A way to run commands."""

    async def prepare(self, image: str, environ: Mapping[str, str], root: Path, logs: Logs) -> None:
        """Have *image* here, and show the progress in *logs*. *environ*: the variables of the command that needs it.

        Raises :class:`WorkFailed`.
        """

    async def start(
        self, argv: Sequence[str], environ: Mapping[str, str], root: Path, logs: Logs, view: View
    ) -> Running:
        """Start the program *argv* of a run in the directory *root*. Raises :class:`WorkFailed`."""


class Plain:
    """Commands run as the worker does, and see what it sees."""

    def __init__(self, start: Start) -> None:
        self._start = start

    async def prepare(self, image: str, environ: Mapping[str, str], root: Path, logs: Logs) -> None:
        """Nothing is needed."""

    async def start(
        self, argv: Sequence[str], environ: Mapping[str, str], root: Path, logs: Logs, view: View
    ) -> Running:
        return self._start(list(argv), environ, root, logs, stdin=view.stdin, cpus=view.allotment.cpus)


class Containers:
    """Runs commands without an image by *plain*, and those with one by *images*; None if they are not taken. *kind*:
    what the server is told of *images*. *network*: whether a command has the network whose task does not say."""

    def __init__(self, plain: Way, images: Way | None = None, kind: str = "", *, network: bool = False) -> None:
        self._plain = plain
        self._images = images
        self.kind = kind
        self.network = network

    @property
    def runs_images(self) -> bool:
        return self._images is not None

    async def prepare(self, image: str, environ: Mapping[str, str], root: Path, logs: Logs) -> None:
        """As for a :class:`Way`."""
        await self._way(image).prepare(image, environ, root, logs)

    async def start(
        self, argv: Sequence[str], environ: Mapping[str, str], root: Path, logs: Logs, view: View
    ) -> Running:
        """As for a :class:`Way`."""
        return await self._way(view.image).start(argv, environ, root, logs, view)

    def _way(self, image: str) -> Way:
        if not image:
            return self._plain
        if self._images is None:
            raise WorkFailed("this worker does not run containers")
        return self._images
