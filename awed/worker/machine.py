"""The resources of the machine: what is offered, what is free, and which cores and GPUs a command gets."""

import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from awed.model.resources import CORES, DISK, GPUS, LEAST_CORES, MEMORY, RUNNER, RUNS, Amounts, with_cores
from awed.model.work import Workunit
from awed.worker.cgroups import cores_allowed, hierarchies, memory_allowed

MOST_SLOTS = 1000
"""The most workunits that run at once on a worker without ``--slots``, and the largest value of that option."""

ASK_LIMIT = 10.0
"""Seconds that ``nvidia-smi`` may take to list the GPUs."""

MOST_RUNS = 16
"""How many runs a worker takes at once, unless it is told with ``--resource``."""

DEVICES = "CUDA_VISIBLE_DEVICES"
"""The variable that names the GPUs of a command."""

_DEVICE = re.compile(r"[0-9]+|(GPU|MIG)-.+")
"""Matches the name of a GPU. What else is there, such as -1 or Slurm's NoDevFiles, means none from there on."""


class Allotment(NamedTuple):
    """What a command gets.

    *amounts*: of each resource, always with cores; *said*: those that its task names. *cpus*: the processors that it
    may use, None for all, if its task names no cores; *gpus*: the names of its GPUs.
    """

    amounts: Amounts
    said: Amounts
    cpus: frozenset[int] | None = None
    gpus: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        """The variables of the environment that tell the command what it has."""
        told = {"AWE_CORES": f"{self.amounts[CORES]:g}"}
        if MEMORY in self.said:
            told["AWE_MEMORY"] = str(int(self.said[MEMORY]))
        if GPUS in self.said:
            told[DEVICES] = ",".join(self.gpus)
        return told

    @property
    def threads(self) -> int:
        """How many threads of the command can run at once."""
        return max(1, math.ceil(self.amounts[CORES]))

    @property
    def slots(self) -> int:
        """How many slots the command takes: one, but a run none."""
        return 0 if self.amounts.get(RUNS) else 1


def of(work: Workunit) -> Allotment:
    """The amounts that *work* needs, before processors and GPUs are chosen."""
    said = work.resources or {}
    return Allotment(with_cores(said), said)


class Machine:
    """Counts what commands take: at most *slots* at once, which together need no more than *offers*.

    *cpus*: numbers of the processors; *gpus*: names of the GPUs.
    """

    def __init__(self, offers: Amounts, slots: int, cpus: Sequence[int] = (), gpus: Sequence[str] = ()) -> None:
        self.offers = offers
        self.slots = slots
        self._free = dict(offers)
        self._running = 0
        self._load = dict.fromkeys(cpus, 0.0)
        self._gpus = list(gpus)

    @property
    def plain(self) -> int:
        """How many commands fit at once that need one core and nothing else."""
        return min(self.slots, int(self.offers[CORES]))

    @property
    def most(self) -> int:
        """How many commands fit at once if each needs as little as possible."""
        return min(self.slots, math.ceil(self.offers[CORES] / LEAST_CORES))

    @property
    def room(self) -> int:
        """How many workunits to ask for: one for each free core or part of a core, as some need less than one."""
        free = self._free[CORES]
        return min(self.slots - self._running, math.ceil(free)) if free >= LEAST_CORES else 0

    def holds(self, work: Workunit) -> bool:
        """Whether *work* fits here when nothing else runs."""
        return _fits(of(work).amounts, self.offers)

    def take(self, work: Workunit) -> Allotment | None:
        """Reserve what *work* needs, until :meth:`give_back`; None if that is not free."""
        allotment = of(work)
        if self._running + allotment.slots > self.slots or not _fits(allotment.amounts, self._free):
            return None
        self._count(allotment, 1)
        count = int(allotment.amounts.get(GPUS, 0))
        gpus, self._gpus = tuple(self._gpus[:count]), self._gpus[count:]
        allotment = allotment._replace(gpus=gpus)
        return allotment._replace(cpus=self._least_loaded(allotment)) if CORES in allotment.said else allotment

    def give_back(self, allotment: Allotment) -> None:
        """Free what :meth:`take` reserved."""
        self._count(allotment, -1)
        self._gpus = [*allotment.gpus, *self._gpus]
        for cpu in allotment.cpus or ():
            self._load[cpu] -= self._share(allotment)

    def _count(self, allotment: Allotment, sign: int) -> None:
        self._running += sign * allotment.slots
        for name, amount in allotment.amounts.items():
            self._free[name] = round(self._free.get(name, 0) - sign * amount, 2)

    def _least_loaded(self, allotment: Allotment) -> frozenset[int]:
        cpus = frozenset(sorted(self._load, key=self._load.__getitem__)[: allotment.threads])
        for cpu in cpus:
            self._load[cpu] += self._share(allotment)
        return cpus

    def _share(self, allotment: Allotment) -> float:
        """The part of each of its processors that a command uses, from 0 to 1."""
        return allotment.amounts[CORES] / allotment.threads


def _fits(amounts: Amounts, free: Mapping[str, float]) -> bool:
    return all(amount <= free.get(name, 0) for name, amount in amounts.items())


def found_cores() -> float:
    """How many cores this process may use, by its affinity and its control groups."""
    cpus = len(os.sched_getaffinity(0))
    allowed = cores_allowed(hierarchies())
    return float(cpus) if allowed is None else max(LEAST_CORES, min(cpus, math.floor(allowed * 100) / 100))


def found_memory() -> int:
    """How many bytes of memory this process may use: those of the machine, or of its control groups if fewer."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(machine, memory_allowed(hierarchies()) or machine)


def _has_runner(environ: Mapping[str, str]) -> bool:
    """Whether this worker has the command RUNNER, and with that of its own Python also the library for it."""
    found = shutil.which(RUNNER, path=environ.get("PATH", os.defpath))
    if found is None:
        return False
    return Path(found).parent != Path(sys.executable).parent or find_spec("cwltool") is not None


def found_gpus(environ: Mapping[str, str], devices: Path = Path("/dev/dri")) -> list[str]:
    """The names of the GPUs that this process may use, as for the variable ``CUDA_VISIBLE_DEVICES``.

    Taken from this variable in *environ*, else counted by ``nvidia-smi``, else by the render nodes in *devices*.
    """
    if DEVICES in environ:
        named = map(str.strip, environ[DEVICES].split(","))
        return list(dict.fromkeys(takewhile(_DEVICE.fullmatch, named)))
    program = shutil.which("nvidia-smi")
    if program is None:
        return [str(number) for number, _ in enumerate(devices.glob("renderD*"))]
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=ASK_LIMIT, check=True)  # noqa: S603
        found = [line for line in told.stdout.splitlines() if line.startswith("GPU ")]
        return [str(number) for number in range(len(found))]
    return []


class Told(NamedTuple):
    """What the command line says of the machine; None for what is to be found. *disk* and *memory* are in bytes."""

    slots: int | None = None
    cores: float | None = None
    memory: int | None = None
    disk: int | None = None
    gpus: int | None = None
    others: Mapping[str, int] = {}


def machine_of(told: Told, free_disk: int, environ: Mapping[str, str]) -> Machine:
    """The machine with what is *told*, and else what is found; *free_disk* is in bytes.

    Slots without cores offer at least one core for each slot, as before there were resources.
    """
    cores = found_cores() if told.cores is None else told.cores
    if told.cores is None and told.slots is not None:
        cores = max(cores, told.slots)
    gpus = found_gpus(environ) if told.gpus is None else _named_gpus(told.gpus, environ)
    offers = {
        CORES: cores,
        MEMORY: found_memory() if told.memory is None else told.memory,
        DISK: free_disk if told.disk is None else told.disk,
        GPUS: len(gpus),
        **({RUNS: MOST_RUNS} if _has_runner(environ) else {}),
        **told.others,
    }
    return Machine(offers, told.slots or MOST_SLOTS, sorted(os.sched_getaffinity(0)), gpus)


def _named_gpus(count: int, environ: Mapping[str, str]) -> list[str]:
    """The names of *count* GPUs: of those that ``CUDA_VISIBLE_DEVICES`` lists if there are enough, else 0, 1, ..."""
    allowed = found_gpus(environ) if DEVICES in environ else []
    return allowed[:count] if len(allowed) >= count else [str(number) for number in range(count)]
