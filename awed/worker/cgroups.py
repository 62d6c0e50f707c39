"""The control groups (cgroups, versions 1 and 2): what they allow this process, and groups that limit commands."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from awed.worker.usage import descendants

UNIFIED = ""
"""The name of the hierarchy of version 2, as ``/proc/self/cgroup`` has it: one for all controllers."""


class Hierarchy(NamedTuple):
    """A hierarchy of groups. *mount*: where it is mounted; *own*: the directory of this process's group."""

    mount: Path
    own: Path

    def upwards(self) -> Iterator[Path]:
        """The directories of this process's group and of all groups around it."""
        yield self.own
        for group in self.own.parents:
            if not group.is_relative_to(self.mount):
                return
            yield group


def hierarchies(proc: Path = Path("/proc/self"), of: Path | None = None) -> dict[str, Hierarchy]:
    """The hierarchies that this process, *proc*, can see, by controller; empty on a system without cgroups.

    *of*: the process whose groups are its *own*, None for this one.
    """
    try:
        groups = ((of or proc) / "cgroup").read_text(errors="surrogateescape").splitlines()
        mounts = (proc / "mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return {}
    own = {}
    for line in groups:
        _, controllers, path = line.split(":", 2)
        own.update(dict.fromkeys(controllers.split(","), path))
    found = {}
    for line in mounts:
        for controller, mount, root in _mounted(line):
            if controller in own:
                found[controller] = Hierarchy(mount, _under(mount, root, own[controller]))
    return found


def _mounted(line: str) -> Iterator[tuple[str, Path, str]]:
    """For each controller in a line of ``mountinfo``: its name, the mount point, and the group that is mounted."""
    fields, _, rest = line.partition(" - ")
    kind, _, options = rest.split(" ", 2)
    root, mount = fields.split()[3:5]
    if kind == "cgroup2":
        yield UNIFIED, Path(mount), root
    elif kind == "cgroup":
        for option in options.split(","):
            yield option, Path(mount), root


def _under(mount: Path, root: str, path: str) -> Path:
    """The directory of the group *path* if *root* is mounted at *mount*; *mount* if the group is not below *root*.

    A container may see its own group as the root.
    """
    with suppress(ValueError):
        return mount / Path(path).relative_to(root)
    return mount


def cores_allowed(found: dict[str, Hierarchy]) -> float | None:
    """How many cores' worth of time this process may use; None if no group limits it."""
    quotas = []
    for group in _groups(found, UNIFIED):
        quota, _, period = _read(group / "cpu.max").partition(" ")
        quotas.append((quota, period))
    for group in _groups(found, "cpu"):
        quotas.append((_read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")))
    cores = [int(quota) / int(period) for quota, period in quotas if quota.isdecimal() and period.isdecimal()]
    return min(cores, default=None)


def memory_allowed(found: dict[str, Hierarchy]) -> int | None:
    """How many bytes of memory this process may use; None if no group limits it."""
    files = [group / "memory.max" for group in _groups(found, UNIFIED)]
    files += [group / "memory.limit_in_bytes" for group in _groups(found, "memory")]
    return min((int(text) for text in map(_read, files) if text.isdecimal()), default=None)


def processor_time(pid: int, proc: Path = Path("/proc")) -> float:
    """Seconds of processor time that the group of the process *pid* has used; 0 if that is not to be seen, or if it
    has no group of its own."""
    own, found = hierarchies(proc / "self"), hierarchies(proc / "self", proc / str(pid))

    def told(controller: str, file: str) -> str:
        group = found.get(controller)
        return _read(group.own / file) if group and group.own not in (group.mount, own[controller].own) else ""

    if nanoseconds := told("cpuacct", "cpuacct.usage"):
        return int(nanoseconds) / 1e9
    lines = (line.partition(" ") for line in told(UNIFIED, "cpu.stat").splitlines())
    return sum(int(number) for name, _, number in lines if name == "usage_usec") / 1e6


def _groups(found: dict[str, Hierarchy], controller: str) -> Iterator[Path]:
    return found[controller].upwards() if controller in found else iter(())


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


class Group:
    """A group for one command, whose memory the kernel limits. *unified*: whether the group is of version 2."""

    def __init__(self, directory: Path, unified: bool) -> None:
        self._directory = directory
        self._unified = unified

    def limit(self, memory: int) -> None:
        """Limit the *memory* of all its processes together, in bytes. Raises :class:`OSError`."""
        if self._unified:
            (self._directory / "memory.max").write_text(str(memory))
            _try(self._directory / "memory.swap.max", "0")
            _try(self._directory / "memory.oom.group", "1")
        else:
            (self._directory / "memory.limit_in_bytes").write_text(str(memory))
            _try(self._directory / "memory.memsw.limit_in_bytes", str(memory))

    def add(self, pid: int) -> None:
        """Move the process *pid* and its descendants, as far as they run, into the group. Raises :class:`OSError`."""
        inside: set[int] = set()
        while left := [one for one in descendants([pid]) if one not in inside]:
            for one in left:
                with suppress(ProcessLookupError):
                    (self._directory / "cgroup.procs").write_text(str(one))
                inside.add(one)

    @property
    def has_killed(self) -> bool:
        """Whether the kernel has killed one of its processes because of the limit."""
        events = _read(self._directory / ("memory.events" if self._unified else "memory.oom_control"))
        return any(int(line.split()[1]) for line in events.splitlines() if line.startswith("oom_kill "))

    def remove(self) -> None:
        """Remove the group. If it still has a process, the group stays until a worker is started again."""
        with suppress(OSError):
            self._directory.rmdir()


class Groups:
    """Makes groups for commands within this process's own group, whose directory is *directory*."""

    def __init__(self, directory: Path, unified: bool) -> None:
        self._directory = directory
        self._unified = unified

    def make(self, memory: int, pid: int | None = None) -> Group:
        """A new group with a limit of *memory* bytes, for the process *pid* and its descendants; None: an empty one.

        Raises :class:`OSError`.
        """
        directory = self._directory / f"{PREFIX}{pid or 'try'}"
        group = Group(directory, self._unified)
        group.remove()  # an earlier process with this id may have left it
        directory.mkdir()
        try:
            group.limit(memory)
            if pid is not None:
                group.add(pid)
        except OSError:
            group.remove()
            raise
        return group

    def tidy(self) -> None:
        """Remove the groups that a killed worker left."""
        for directory in self._directory.glob(f"{PREFIX}*"):
            Group(directory, self._unified).remove()


PREFIX = "awe."
"""The begin of the names of groups for commands."""

LEAF = "awe-worker"
"""The group for the worker itself: in version 2 a group that contains groups may not have processes of its own."""


def groups_of_commands(found: dict[str, Hierarchy]) -> Groups | None:
    """Makes groups that limit memory; None if this process cannot make any."""
    try:
        groups = _unified(found[UNIFIED].own) if UNIFIED in found else None
        if groups is None and "memory" in found:
            groups = Groups(found["memory"].own, unified=False)
        if groups is not None:
            groups.tidy()
            groups.make(TRY).remove()
    except OSError:
        return None
    return groups


TRY = 64 << 20
"""Bytes of the limit of the group that is made to see whether groups can be made."""


def _unified(own: Path) -> Groups | None:
    """Makes groups of version 2; None if memory cannot be limited there, or this process is not alone in its group.

    Moves this process into the group LEAF. Raises :class:`OSError`.
    """
    around = own.parent if own.name == LEAF else own
    if "memory" not in _read(around / "cgroup.controllers").split():
        return None
    if around is own and _read(own / "cgroup.procs").split() != [str(os.getpid())]:
        return None
    if around is own:
        (own / LEAF).mkdir(exist_ok=True)
        (own / LEAF / "cgroup.procs").write_text("0")
    (around / "cgroup.subtree_control").write_text("+memory")
    return Groups(around, unified=True)


def _try(file: Path, text: str) -> None:
    with suppress(OSError):  # not every kernel has this file
        file.write_text(text)
