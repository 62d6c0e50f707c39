"""Resources that work needs and machines offer: cores, memory, disk, GPUs, and kinds of a site's own."""

import math
import re
from collections.abc import Mapping

from msgspec import UnsetType

from awed.model.quantities import parse_size

CORES, MEMORY, DISK, GPUS = "cores", "memory", "disk", "gpus"

RUNS = "runs"
"""The resource of workers for *runs*: commands that submit other work and wait for it. Such a command takes no slot
of its worker, and no core unless it asks for some, as the work for which it waits may need them."""

RUNNER = "awe-cwl-runner"
"""The command that runs workflows in CWL. Workers that have it take runs."""

SIZES = (MEMORY, DISK)
"""The resources that are counted in bytes."""

LEAST_CORES = 0.01
"""The smallest number of cores: cores are counted in hundredths."""

MOST = 2**63 - 1
"""The largest amount of anything."""

Said = dict[str, int | float | str]
"""Amounts as people write them: ``{"cores": 0.5, "memory": "8G", "licence": 1}``."""

Amounts = Mapping[str, float]
"""Amounts by name of the resource: cores, bytes of memory and disk, whole numbers of all else."""

Needs = tuple[tuple[str, float], ...]
"""Amounts as a hashable value: pairs of name and amount, in alphabetical order, without those that are 0."""

PLAIN: Needs = ((CORES, 1),)
"""What a task needs that names no resources."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", re.ASCII)


def check_name(name: str) -> None:
    """Raises :class:`ValueError` if *name* cannot be the name of a resource."""
    if not _NAME.fullmatch(name):
        raise ValueError('a name begins with a letter, and has up to 64 letters, digits, ".", "-", "_"')


def amount_of(name: str, said: int | float | str) -> float:
    """The amount of the resource *name* that is *said*, in cores (rounded up to hundredths), bytes or units.

    Raises :class:`ValueError` with what is expected.
    """
    if name == CORES:
        return _cores(said)
    if name in SIZES:
        return _size(said)
    if isinstance(said, str) or not _is_whole(said):
        raise ValueError("must be a whole number that is not negative")
    return int(said)


def _cores(said: int | float | str) -> float:
    if isinstance(said, str) or not LEAST_CORES <= said <= MOST:
        raise ValueError(f"must be a number of at least {LEAST_CORES}")
    return math.ceil(round(said * 100, 6)) / 100


def _size(said: int | float | str) -> int:
    size = parse_size(said) if isinstance(said, str) and _is_size(said) else said
    if isinstance(size, str) or not _is_whole(size):
        raise ValueError("must be a number of bytes, or end in K, M, G or T as in 8G")
    return int(size)


def _is_whole(number: float) -> bool:
    return 0 <= number <= MOST and number == int(number)


def _is_size(text: str) -> bool:
    try:
        parse_size(text)
    except ValueError:
        return False
    return True


def amounts_of(*said: Said | UnsetType) -> dict[str, float]:
    """The amounts in *said*, all of them checked before; later mappings override earlier ones."""
    return {name: amount_of(name, value) for each in said if each for name, value in each.items()}


def needs_of(*said: Said | UnsetType) -> Needs:
    """The needs of *said*, merged as by :func:`amounts_of`; see :func:`with_cores`."""
    amounts = amounts_of(*said)
    return as_needs(with_cores(amounts)) if amounts else PLAIN


def with_cores(amounts: Amounts) -> Amounts:
    """*amounts* with the cores that work needs which does not say how many: one, but a run none."""
    return {CORES: 0 if amounts.get(RUNS) else 1, **amounts}


def takes_slot(needs: Needs) -> bool:
    """Whether work with these *needs* takes a slot of its worker: all but runs does."""
    return needs is PLAIN or all(name != RUNS for name, _ in needs)


def cores_of(needs: Needs) -> float:
    """How many cores they are."""
    return 1 if needs is PLAIN else dict(needs).get(CORES, 0)


def as_needs(amounts: Amounts) -> Needs:
    """*amounts* as a hashable value."""
    return tuple(sorted((name, amount) for name, amount in amounts.items() if amount))
