"""The control groups (cgroups, versions 1 and 2) of this process, and the cores and memory that they allow."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

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


def hierarchies(proc: Path = Path("/proc/self")) -> dict[str, Hierarchy]:
    """The hierarchies that this process can see, by controller; empty on a system without cgroups."""
    try:
        groups = (proc / "cgroup").read_text().splitlines()
        mounts = (proc / "mountinfo").read_text().splitlines()
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


def _groups(found: dict[str, Hierarchy], controller: str) -> Iterator[Path]:
    return found[controller].upwards() if controller in found else iter(())


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
