"""Commands in containers of Docker or Podman, whose command lines are alike.

A container is made, started with its output attached, and removed, each by the engine's program:

``create``
    ``--name``, ``--label``: of the workunit and the worker, which removes by this label what it left when it was
    killed. ``--pull never``: the image is here. ``--entrypoint ""``: the command is all that is run, unless its
    task wants the entrypoint. ``--user``: as whom, so that the files belong to the worker; Podman without root
    needs ``--userns`` for that. ``--env-file``: the variables, which no process list shows. ``--mount``: the
    directory of the run and the shared ones. ``--workdir``: where it begins; Podman wants that to exist, so it is a
    new volume if nothing is mounted there. ``--network none``: unless it asks for the network. ``--memory``,
    ``--memory-swap`` (both together), ``--cpus``, ``--gpus`` or ``--device``: what its task asks for.
    ``--security-opt``: no programs that change the user; no labels of SELinux, with which the worker's files could
    not be read. ``--log-driver none``: the output is in our own files. ``--interactive``: if it has a stdin.
``start --attach``
    Runs as long as the container.
``rm --force``
    Kills all that runs in it.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from awed.model.resources import CORES, MEMORY
from awed.model.tes import SYSTEM
from awed.tx.locks import unbroken
from awed.tx.threads import InThread
from awed.worker.arguments import CLIENT_VARIABLE
from awed.worker.cgroups import processor_time
from awed.worker.containers.contained import Contained, State
from awed.worker.containers.fetching import Fetching, checked
from awed.worker.containers.interface import Place, View
from awed.worker.containers.kept import Fetched
from awed.worker.containers.program import LABEL, Program
from awed.worker.containers.variables import in_container, of_engine
from awed.worker.errors import WorkFailed
from awed.worker.machine import DEVICES, Allotment
from awed.worker.process import Start

DOCKER, PODMAN = "docker", "podman"

NO_ENTRYPOINT = ["--entrypoint", ""]
"""The options with which a command is all that a container runs."""

_TMP = "/tmp"  # noqa: S108  its own

_STATE = "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Pid}}"


class Engine:
    """*user*: the options by which files belong to the worker. *roots*: directories that are at their own paths."""

    _log = Logger()

    def __init__(
        self,
        program: Program,
        start: Start,
        fetching: Fetching,
        fetched: Fetched,
        in_thread: InThread,
        *,
        clock: IReactorTime,
        user: Sequence[str],
        roots: Sequence[Path],
    ) -> None:
        self._program = program
        self._start = start
        self._fetching = fetching
        self._fetched = fetched
        self._in_thread = in_thread
        self._clock = clock
        self._user = user
        self._roots = roots
        self._numbers = count(1)

    async def prepare(self, image: str, place: Place) -> None:
        await self._fetching.in_turn(checked(image), partial(self._have, image, place))

    async def _have(self, image: str, place: Place) -> None:
        if not await self._in_thread(self._is_here, image):
            await self._fetching.fetch(image, place)
            await self._in_thread(self._fetched.add, image)

    def _is_here(self, image: str) -> bool:
        self._fetched.used(image)
        return self._program.has(image)

    async def start(self, argv: Sequence[str], place: Place, view: View) -> Contained:
        root, logs, environ = place
        name = f"awe-{re.sub('[^a-zA-Z0-9_.-]', '_', root.name)}-{next(self._numbers)}"
        labels = [f"{LABEL}={environ[CLIENT_VARIABLE]}", f"awe.work={root.name}"]
        options = [*("--name", name), *(part for label in labels for part in ("--label", label))]
        options += [*limits(self._program.kind, self._user, view.allotment), *self._view(root, view)]
        options += [] if view.entrypoint else NO_ENTRYPOINT
        command = [view.image, *argv]
        variables = in_container(place._replace(environ={**environ, **_devices(view.allotment)}), view)
        attach = ["start", "--attach", *(["--interactive"] if view.stdin is not None else []), name]
        try:
            await unbroken(self._in_thread(self._create, options, command, variables, root))
            attached = self._start([self._program.path, *attach], of_engine(environ), root, logs, stdin=view.stdin)
        except (CancelledError, WorkFailed):
            await self.remove(name)
            raise
        return Contained(self, name, attached, logs, self._clock, limits_memory=MEMORY in view.allotment.said)

    def _view(self, root: Path, view: View) -> Iterator[str]:
        places = mounts(root, self._roots, view)
        for path, source in places.items():
            yield from ("--mount", bind(source, path))
        if workdir := view.workdir or ("" if view.tree else str(root)):
            is_made = any(Path(workdir).is_relative_to(path) for path in places)
            if not is_made and workdir != "/" and not SYSTEM.match(workdir):
                yield from ("--mount", f"type=volume,{_quoted('destination', workdir)}")
            yield from ("--workdir", workdir)
        if not view.network:
            yield from ("--network", "none")
        if view.stdin is not None:
            yield "--interactive"

    def _create(self, options: list[str], command: list[str], variables: str, root: Path) -> None:
        file = root.with_name(f"{root.name}.env")
        file.touch(mode=0o600)
        try:
            file.write_text(variables)
            self._program.call("create", "--env-file", str(file), *options, *command)
        finally:
            file.unlink()

    async def state(self, name: str) -> State:
        """How a container is. Raises :class:`WorkFailed`."""
        told = await self._in_thread(self._program.call, "container", "inspect", "--format", _STATE, name)
        status, exit, oom, pid = told.split()
        return State(status, int(exit), oom == "true", int(pid))

    async def cpu(self, pid: int) -> float:
        """Seconds of processor time that the container of process *pid* has used by now; 0 if that is not known."""
        return await self._in_thread(processor_time, pid)

    async def remove(self, name: str) -> None:
        """Remove a container, and kill what runs in it."""
        try:
            await unbroken(self._in_thread(self._program.remove, name))
        except WorkFailed as failure:
            self._log.warn("{failure}", failure=failure)


def limits(kind: str, user: Sequence[str], allotment: Allotment) -> list[str]:
    """The options of an engine of *kind* that say who runs, and what may be used."""
    options = ["--pull", "never", "--log-driver", "none", *user]
    options += ["--security-opt", "label=disable", "--security-opt", "no-new-privileges"]
    if MEMORY in allotment.said:
        memory = str(int(allotment.said[MEMORY]))
        options += ["--memory", memory, "--memory-swap", memory]
    if CORES in allotment.said:
        options += ["--cpus", f"{min(allotment.said[CORES], os.cpu_count() or 1):g}"]
    if allotment.gpus and kind == DOCKER:
        options += ["--gpus", f'"device={",".join(allotment.gpus)}"']
    elif allotment.gpus:
        options += [part for gpu in allotment.gpus for part in ("--device", f"nvidia.com/gpu={gpu}")]
    return options


def _devices(allotment: Allotment) -> dict[str, str]:
    """The variable that names its GPUs. A container has no others, and those that are numbered count from 0 there."""
    gpus = allotment.gpus
    return {DEVICES: ",".join(map(str, range(len(gpus))))} if gpus and all(map(str.isdecimal, gpus)) else {}


def mounts(root: Path, roots: Sequence[Path], view: View) -> dict[str, str]:
    """What lies at which path of a container: directories and files of this machine by the paths inside.

    Where there is a tree its directory is not shown itself: a command could put links in the places of what the next
    one is to be shown.
    """
    own = [root] if view.tree is None else []
    return {
        **{str(path): str(path) for path in (*own, *roots)},
        **{path: f"{view.tree}{path}" for path in view.points},
    }


def with_tmp(places: Mapping[str, str], place: Place) -> Mapping[str, str]:
    """*places* with a ``/tmp``, for what would have it in memory, as large as it likes or very small."""
    return places if _TMP in places else {_TMP: place.own_tmp(), **places}


def bind(source: str, path: str) -> str:
    """The value of ``--mount`` that has *source* at *path*."""
    return f"type=bind,{_quoted('source', source)},{_quoted('destination', path)}"


def _quoted(name: str, value: str) -> str:
    """A field of a line of comma-separated values."""
    field = f"{name}={value}"
    return '"{}"'.format(field.replace('"', '""')) if re.search('[,"\n]', field) else field
