"""What runs commands, and how they run without any isolation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec import UNSET, UnsetType

from awed.worker.errors import WorkFailed
from awed.worker.logs import Logs
from awed.worker.machine import Allotment
from awed.worker.paths import tmp_of
from awed.worker.process import Running, Start

IGNORE = "ignore"
"""The kind of what runs work with an image without it."""

NO, ASKED, ALL = "no", "asked", "all"

NETWORKS = (NO, ASKED, ALL)
"""Who has the network, of those who are kept apart: no command, those whose task asks for it, all whose task does not
refuse it."""


class View(NamedTuple):
    """What a command has. If there is no tree, it has the directory of its run, at its own path.

    *image*: the image of the container that it is meant for, "" for none. *tree*: a directory with what stands at the
    root, None for none; *points*: those paths below it that a container has, where the rest is of the image.
    *workdir*: where the command begins, "" for the directory of the run, or of the image if there is a tree. *stdin*:
    a descriptor, None for an empty one. *entrypoint*: whether it is an argument of the image's entrypoint, which only
    Docker and Podman know.
    """

    allotment: Allotment
    image: str = ""
    tree: Path | None = None
    points: tuple[str, ...] = ()
    workdir: str = ""
    stdin: int | None = None
    network: bool = False
    entrypoint: bool = False


class Place(NamedTuple):
    """Where a command of a run starts: in the directory *root* of the run, with its *logs*, and with these
    variables."""

    root: Path
    logs: Logs
    environ: Mapping[str, str]

    def own_tmp(self) -> str:
        """The directory for its ``/tmp``, which is made: it counts as disk of the run and goes with it. In memory it
        would count as nothing."""
        made = tmp_of(self.root)
        made.mkdir(exist_ok=True)
        made.chmod(0o1777)
        return str(made)


class Way(Protocol):
    """A way to run commands."""

    async def prepare(self, image: str, place: Place) -> None:
        """Have *image* here, for a command at *place*, whose logs show the progress.

        Raises :class:`WorkFailed`.
        """

    async def start(self, argv: Sequence[str], place: Place, view: View) -> Running:
        """Start the program *argv* of a run. Raises :class:`WorkFailed`."""


class Plain:
    """Commands run as the worker does, and see what it sees."""

    def __init__(self, start: Start) -> None:
        self._start = start

    async def prepare(self, image: str, place: Place) -> None:
        """Nothing is needed."""

    async def start(self, argv: Sequence[str], place: Place, view: View) -> Running:
        root, logs, environ = place
        return self._start(list(argv), environ, root, logs, stdin=view.stdin, cpus=view.allotment.cpus)


class Containers:
    """Runs commands without an image by *plain*, and those with one by *images*; None if they are not taken. *kind*:
    what the server is told of *images*. *network*: which of them have the network, one of :data:`NETWORKS`.
    """

    def __init__(self, plain: Way, images: Way | None = None, kind: str = "", *, network: str = ASKED) -> None:
        self._plain = plain
        self._images = images
        self._network = network
        self.kind = kind

    @property
    def runs_images(self) -> bool:
        return self._images is not None

    def has_network(self, image: str, asked: bool | UnsetType, *, is_usual: bool = False) -> bool:
        """Whether a command has the network whose task says *asked*, or *is_usual* if it does not say. What ignores
        images gives it, as an image may have what the command fetches now.

        Raises :class:`WorkFailed` if the task asks in vain.
        """
        if isinstance(self._images if image else self._plain, Plain):
            return True
        if self._network == NO:
            if asked is True:
                raise WorkFailed("the task needs the network, which this worker gives to none (--network no)")
            return False
        is_given = is_usual or self._network == ALL or (bool(image) and self.kind == IGNORE)
        return is_given if asked is UNSET else asked

    async def prepare(self, image: str, place: Place) -> None:
        """As for a :class:`Way`."""
        await self._way(image).prepare(image, place)

    async def start(self, argv: Sequence[str], place: Place, view: View) -> Running:
        """As for a :class:`Way`."""
        return await self._way(view.image).start(argv, place, view)

    def _way(self, image: str) -> Way:
        if not image:
            return self._plain
        if self._images is None:
            raise WorkFailed("this worker does not run containers")
        return self._images
