"""Which way of running commands the command line asks for."""

import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from awed.tx.threads import InThread
from awed.worker.containers import trial
from awed.worker.containers.apptainer import APPTAINER, Apptainer, pull
from awed.worker.containers.bubblewrap import Bubblewrap, found_program
from awed.worker.containers.engine import DOCKER, PODMAN, Engine
from awed.worker.containers.fetching import Fetching
from awed.worker.containers.interface import ASKED, IGNORE, Containers, Plain, Way
from awed.worker.containers.kept import SPACE, Fetched
from awed.worker.containers.program import Program
from awed.worker.containers.unpacked import Unpacked
from awed.worker.errors import NoContainers
from awed.worker.process import Start

NONE, AUTO, BWRAP = "none", "auto", "bwrap"

WAYS = (NONE, IGNORE, AUTO, PODMAN, DOCKER, APPTAINER, BWRAP)
"""What is done with work that names an image: it is not taken, it is run without the image, or in a container."""

_log = Logger()


class Isolation(NamedTuple):
    """What the command line says of it.

    *images*: one of :data:`WAYS`. *sandbox*: whether commands without an image are run in a sandbox. *network*:
    who of those has the network, one of :data:`~awed.worker.containers.interface.NETWORKS`. *roots*:
    directories that commands share with others. *image_dir*: where images lie unpacked. *image_space*: bytes of the
    images that are fetched and kept. *hidden*: files that commands
    in a sandbox must not see. By :meth:`found`: *program*, the path of bubblewrap, "" for no sandbox; *engine*, that
    of the engine; *user*, its options for that.
    """

    images: str = NONE
    sandbox: bool = False
    network: str = ASKED
    roots: tuple[Path, ...] = ()
    image_dir: Path | None = None
    image_space: int = SPACE
    hidden: tuple[Path, ...] = ()
    program: str = ""
    engine: str = ""
    user: tuple[str, ...] = ()

    def found(self, workdir: Path) -> "Isolation":
        """The same with the programs that are needed, which work in *workdir*; *images* is no longer :data:`AUTO`.

        Raises :class:`~awed.worker.errors.NoContainers` if this machine lacks one.
        """
        found = self._replace(program=_bubblewrap()) if self.sandbox else self
        if self.images != AUTO:
            return found._engine(self.images, workdir)
        failures = []
        for kind in (PODMAN, DOCKER, APPTAINER, *([BWRAP] if self.image_dir else [])):
            try:
                return found._engine(kind, workdir)
            except NoContainers as failure:
                failures.append(f"{kind}: {failure}")
        raise NoContainers(*failures)

    def _engine(self, kind: str, workdir: Path) -> "Isolation":
        if kind == BWRAP and self.image_dir is None:
            raise NoContainers(f"{BWRAP} needs --image-dir, a directory with unpacked images")
        if kind in (BWRAP, IGNORE):
            return self._replace(images=kind, program=self.program or _bubblewrap())
        if kind == APPTAINER:
            return self._replace(images=kind, engine=trial.apptainer(workdir))
        if kind in (PODMAN, DOCKER):
            program, user = trial.engine(kind, workdir)
            return self._replace(images=kind, engine=program.path, user=user)
        return self

    def end_left(self, client: str) -> int:
        """End what an earlier worker *client* left in an engine; how many containers. Blocks: for the start.

        Raises :class:`~awed.worker.errors.WorkFailed` if the engine does not do so.
        """
        return Program(self.images, self.engine).end_left(client) if self.images in (PODMAN, DOCKER) else 0

    def containers(self, start: Start, in_thread: InThread, clock: IReactorTime, images: Path) -> Containers:
        """The way to run commands, which *start* starts. *images*: a directory for those that are fetched."""
        plain = self._bubblewrap(start, ignores_images=False) if self.sandbox else Plain(start)
        if self.images == NONE:
            return Containers(plain, network=self.network)
        _log.info("work with a container image is run by {kind}", kind=self.images)
        return Containers(plain, self._way(start, in_thread, clock, images), self.images, network=self.network)

    def _way(self, start: Start, in_thread: InThread, clock: IReactorTime, images: Path) -> Way:
        if self.images == IGNORE:
            return self._bubblewrap(start, ignores_images=True)
        if self.images == BWRAP and self.image_dir:
            return Unpacked(start, self.program, self.image_dir, self.roots)
        if self.images == APPTAINER:
            fetching = Fetching(start, partial(pull, self.engine, images), clock)
            return Apptainer(
                self.engine,
                start,
                fetching,
                in_thread,
                directory=images,
                space=self.image_space,
                roots=self.roots,
            )
        fetching = Fetching(start, lambda image: [self.engine, "pull", image], clock)
        program = Program(self.images, self.engine)
        fetched = Fetched(program, images / self.images, self.image_space)
        return Engine(program, start, fetching, fetched, in_thread, clock=clock, user=self.user, roots=self.roots)

    def _bubblewrap(self, start: Start, *, ignores_images: bool) -> Way:
        return Bubblewrap(
            start,
            self.program,
            path=_path(),
            roots=self.roots,
            hidden=self.hidden,
            ignores_images=ignores_images,
        )


def _path() -> str:
    return os.environ.get("PATH", os.defpath)


def _bubblewrap() -> str:
    return found_program(_path())
