"""What runs commands, and how they run without any isolation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from awed.worker.errors import WorkFailed
from awed.worker.logs import Logs
from awed.worker.process import Process, Start


class View(NamedTuple):
    """What a command sees besides the directory of its run, which is at its own path.

    *tree*: a directory whose folders stand at the root; None for none. *workdir*: where the command begins, "" for
    the directory of the run. *stdin*: a descriptor, None for an empty one. *has_image*: whether it is meant for a
    container. *gpus*: whether it has any.
    """

    tree: Path | None = None
    workdir: str = ""
    stdin: int | None = None
    network: bool = False
    has_image: bool = False
    gpus: bool = False


class Containers(Protocol):
    """A way to run commands.

    *runs_images*: whether it takes work with an image, and can show a tree.
    """

    runs_images: bool

    async def prepare(self, image: str) -> None:
        """Have *image* here, "" for none. Raises :class:`WorkFailed`."""

    def start(self, argv: Sequence[str], environ: Mapping[str, str], root: Path, logs: Logs, view: View) -> Process:
        """Start the program *argv* of a run in the directory *root*. Raises :class:`WorkFailed`."""


class Plain:
    """Commands run as the worker does, and see what it sees."""

    runs_images = False

    def __init__(self, start: Start) -> None:
        self._start = start

    async def prepare(self, image: str) -> None:
        if image:
            raise WorkFailed("this worker does not run containers")

    def start(self, argv: Sequence[str], environ: Mapping[str, str], root: Path, logs: Logs, view: View) -> Process:
        return self._start(list(argv), environ, root, logs, stdin=view.stdin)
