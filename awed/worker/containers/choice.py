"""Which way of running commands the command line asks for."""

import os
from pathlib import Path
from typing import NamedTuple

from awed.worker.containers.bubblewrap import Bubblewrap, found_program
from awed.worker.containers.interface import Containers, Plain
from awed.worker.process import Start

NONE, IGNORE = "none", "ignore"

WAYS = (NONE, IGNORE)
"""What is done with work that names an image: it is not taken, or it is run without the image."""


class Isolation(NamedTuple):
    """What the command line says of it.

    *images*: one of :data:`WAYS`. *sandbox*: whether commands without an image are run in a sandbox too. *roots*:
    directories that commands share with others. *hidden*: files that commands in a sandbox must not see.
    *program*: the path of bubblewrap, "" for no sandbox.
    """

    images: str = NONE
    sandbox: bool = False
    roots: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    program: str = ""

    def found(self) -> "Isolation":
        """The same with the program of the sandbox, if one is asked for.

        Raises :class:`~awed.worker.errors.NoContainers` if this machine has none that works.
        """
        if not self.sandbox and self.images == NONE:
            return self
        return self._replace(program=found_program(os.environ.get("PATH", os.defpath)))

    def containers(self, start: Start) -> Containers:
        """The way to run commands, which *start* starts."""
        if not self.program:
            return Plain(start)
        return Bubblewrap(
            start,
            self.program,
            path=os.environ.get("PATH", os.defpath),
            roots=self.roots,
            hidden=self.hidden,
            ignores_images=self.images == IGNORE,
            has_all=self.sandbox,
        )
