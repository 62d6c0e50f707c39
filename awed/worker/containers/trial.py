"""Looks which engines for containers there are, and whether they work, by a trial run of each. All of it blocks."""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from awed.model.resources import CORES, MEMORY
from awed.worker.containers.apptainer import APPTAINER, exec_options
from awed.worker.containers.engine import NO_ENTRYPOINT, bind, limits
from awed.worker.containers.program import LIMIT, Program
from awed.worker.errors import NoContainers, WorkFailed
from awed.worker.machine import Allotment

_IMAGE = "localhost/awe-trial:empty"
"""An image without files, over which the trial runs a program of this machine."""

_LEAST = Allotment({CORES: 1}, {CORES: 1, MEMORY: 64 << 20})


def engine(kind: str, workdir: Path) -> tuple[Program, tuple[str, ...]]:
    """The program of Docker or Podman, and the options by which the files of its containers belong to this user.

    Raises :class:`NoContainers` if there is none, or if no file is made by a trial run that belongs to this user.
    """
    program = Program(kind, _found(kind))
    own = f"{os.getuid()}:{os.getgid()}"
    failures = []
    with _place(workdir) as place:
        for user in (("--user", own), ("--userns", "keep-id", "--user", own), ("--user", "0:0")):
            try:
                _try(program, user, place)
            except WorkFailed as failure:
                failures.append(str(failure))
            else:
                return program, user
    raise NoContainers(f"a trial run of {kind} failed: {failures[0]}")


def _try(program: Program, user: tuple[str, ...], place: Path) -> None:
    try:
        program.call("image", "inspect", _IMAGE)
    except WorkFailed:
        program.call("import", "-", _IMAGE, input=_empty())
    places = [*_folders(), place]
    shown = [part for path in places for part in ("--mount", bind(str(path), str(path)))]
    file = place / "-".join(user).replace(":", "-")
    run = ["run", "--rm", "--network", "none", *limits(program.kind, user, _LEAST), *NO_ENTRYPOINT, *shown]
    program.call(*run, _IMAGE, "/bin/sh", "-c", ': > "$1"', "sh", str(file))
    if not file.exists() or file.stat().st_uid != os.getuid():
        raise WorkFailed("files that are made in a container do not belong to this user")


def apptainer(workdir: Path) -> str:
    """The path of Apptainer. Raises :class:`NoContainers` if there is none, or if a trial run fails."""
    program = _found(APPTAINER)
    with _place(workdir) as place:
        image = place / "image"
        for name in ("dev", "proc", "sys", "tmp", *(str(folder.relative_to("/")) for folder in _folders())):
            (image / name).mkdir(parents=True)
        places = {str(path): str(path) for path in _folders()}
        command = [program, *exec_options(places, network=False), str(image), "/bin/sh", "-c", ":"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoContainers(f"a trial run of {APPTAINER} failed: {error}") from None
    if done.returncode:
        raise NoContainers(f"a trial run of {APPTAINER} failed: {done.stderr.decode(errors='replace').strip()}")
    return program


def _found(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise NoContainers(f"there is no {name} in PATH")
    return program


def _folders() -> Iterator[Path]:
    """Where the programs and libraries of this machine are."""
    return (path for path in map(Path, ("/usr", "/bin", "/lib", "/lib64")) if path.exists())


@contextmanager
def _place(workdir: Path) -> Iterator[Path]:
    """A directory where those of runs will be, which an engine may not see."""
    try:
        workdir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="trial", dir=workdir.absolute()) as name:
            yield Path(name)
    except OSError as error:
        raise NoContainers(f"a trial run is not possible in {workdir}: {error}") from None


def _empty() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w"):
        pass
    return file.getvalue()
