"""Commands in containers of Apptainer, which are processes of the worker like any: its limits and kills reach them.

``exec``
    ``--containall``: no files, processes, variables of the worker. ``--no-home``: no home of the worker's user.
    ``--no-eval``: variables are no code for a shell. ``--mount``: the directory of the run and the shared ones.
    ``--pwd``: where it begins. ``--net --network none``: unless it asks for the network. ``--nv``: if it has GPUs.
    The variables of the command are, with ``APPTAINERENV_`` before their names, among those of the program.
``pull --disable-cache``
    Makes one file of an image, in the worker's directory.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

from awed.tx.threads import InThread
from awed.worker.containers.engine import bind, mounts, with_tmp
from awed.worker.containers.fetching import Fetching, checked
from awed.worker.containers.interface import Place, View
from awed.worker.containers.kept import evict, files_of
from awed.worker.containers.variables import of_engine, own
from awed.worker.process import Running, Start

APPTAINER = "apptainer"

_PART = ".part"


class Apptainer:
    """*program*: its path. *directory*: where images are kept, in *space* bytes. *roots*: directories that are at
    their own paths."""

    def __init__(
        self,
        program: str,
        start: Start,
        fetching: Fetching,
        in_thread: InThread,
        *,
        directory: Path,
        space: int,
        roots: Sequence[Path],
    ) -> None:
        self._program = program
        self._start = start
        self._fetching = fetching
        self._in_thread = in_thread
        self._directory = directory
        self._space = space
        self._roots = roots

    async def prepare(self, image: str, place: Place) -> None:
        await self._fetching.in_turn(checked(image), partial(self._have, image, place))

    async def _have(self, image: str, place: Place) -> None:
        file = file_of(self._directory, image)
        try:
            await self._in_thread(os.utime, file)  # it is in use
        except FileNotFoundError:
            await self._fetching.fetch(image, place)
            await self._in_thread(self._keep, part_of(self._directory, image), file)

    def _keep(self, part: Path, file: Path) -> None:
        part.rename(file)
        evict(list(files_of(self._directory)), self._space, _remove)

    async def start(self, argv: Sequence[str], place: Place, view: View) -> Running:
        places = with_tmp(mounts(place.root, self._roots, view), place)
        options = exec_options(places, network=view.network)
        if view.allotment.gpus:
            options.append("--nv")
        if workdir := view.workdir or ("" if view.tree else str(place.root)):
            options += ["--pwd", workdir]
        command = [self._program, *options, str(file_of(self._directory, view.image)), *argv]
        theirs = {f"APPTAINERENV_{name}": value for name, value in own(place, view).items()}
        variables = {**of_engine(place.environ), **theirs}
        return self._start(command, variables, place.root, place.logs, stdin=view.stdin, cpus=view.allotment.cpus)


def exec_options(places: Mapping[str, str], *, network: bool) -> list[str]:
    """``exec`` with its options, for a container that has *places*."""
    options = ["exec", "--containall", "--no-home", "--no-eval"]
    options += [part for path, source in places.items() for part in ("--mount", bind(source, path))]
    return options if network else [*options, "--net", "--network", "none"]


def pull(program: str, directory: Path, image: str) -> list[str]:
    """The command that fetches *image* into *directory*."""
    address = image if "://" in image else f"docker://{image}"
    return [program, "pull", "--disable-cache", "--force", str(part_of(directory, image)), address]


def _remove(file: Path) -> bool:
    """Remove an image. Containers that run go on with it."""
    file.unlink(missing_ok=True)
    return True


def file_of(directory: Path, image: str) -> Path:
    """The file of an image."""
    return directory / f"{sha256(image.encode()).hexdigest()}.sif"


def part_of(directory: Path, image: str) -> Path:
    """The same while it is fetched."""
    return file_of(directory, image).with_suffix(_PART)
