"""Workers counted by what hinders them from running some work, and the sentence about them."""

from collections import Counter
from typing import NamedTuple

from awed.model.quantities import rough_size
from awed.model.reasons import Why
from awed.model.resources import CORES, DISK, GPUS, MEMORY, RUNNER, RUNS, SIZES
from awed.scheduler.requirements import SHARE, Misfit, Wanted

_LONGEST_NAME = 60

FREE, BUSY, SUSPENDED = "free", "busy", "suspended"
"""The hindrances of workers that have all that the work asks for; FREE is none."""

AVOIDED, GROUP, COMMAND, EXECUTORS, IMAGE, TIME = "avoided", "group", "command", "executors", "image", "time"
"""The kinds of a :class:`~awed.scheduler.requirements.Misfit` besides resources, in the order of the checks."""


class Tally(NamedTuple):
    """The workers that could be asked to run some work, counted.

    *counts*: by what hinders them. *best*: for each hindrance, the misfit of the worker that has most.
    """

    workers: int
    counts: Counter[str]
    best: dict[str, Misfit]

    @property
    def able(self) -> int:
        """How many workers have all that the work asks for, whether they may have it now or not."""
        return sum(self.counts[what] for what in (FREE, BUSY, SHARE, SUSPENDED))

    def shown(self) -> dict[str, int]:
        """The counts as the API shows them."""
        return {"workers": self.workers, "able": self.able, **dict(sorted(self.counts.items()))}


def word(tally: Tally) -> Why:
    """Why work waits, in one word."""
    counts = tally.counts
    if counts[FREE]:
        return Why.READY
    if counts[BUSY]:
        return Why.BUSY
    if counts[SHARE]:
        return Why.SHARE
    if counts[AVOIDED] and not counts[SUSPENDED]:
        return Why.PAUSE
    return Why.TIME if counts[TIME] and not counts[SUSPENDED] else Why.NOBODY


def told(tally: Tally, wanted: Wanted) -> str:
    """``12 workers: 7 of other groups, 3 lack the command "blastp", 2 lack memory (needs 64 GB, most 31.2 GB)``."""
    if not tally.workers:
        return _no_worker(wanted)
    if tally.counts[GROUP] == tally.workers:
        return f"{_no_worker(wanted)}, {tally.workers} of other groups"
    parts = (_part(what, number, tally, wanted) for what, number in sorted(tally.counts.items(), key=_furthest))
    return f"{tally.workers} worker{'s' if tally.workers > 1 else ''}: {', '.join(parts)}"


_ORDER = (FREE, BUSY, SHARE, SUSPENDED, AVOIDED)
_LAST = (TIME, IMAGE, EXECUTORS, COMMAND, GROUP)


def _furthest(item: tuple[str, int]) -> tuple[int, str]:
    """The sort key of a hindrance with its count: first those that are nearest to running the work."""
    what, _ = item
    if what in _ORDER:
        return _ORDER.index(what), what
    return len(_ORDER) + (1 + _LAST.index(what) if what in _LAST else 0), what


def _part(what: str, number: int, tally: Tally, wanted: Wanted) -> str:
    lack, take = ("lacks", "takes") if number == 1 else ("lack", "take")
    if what == COMMAND:
        return f"{number} {lack} the command {_quoted(wanted.app)}"
    if what == RUNS:
        return f"{number} {lack} the command {_quoted(RUNNER)}"
    words = {
        FREE: "free to take it",
        BUSY: "busy",
        SHARE: "of groups that run as much as they may",
        SUSPENDED: "suspended",
        AVOIDED: "where it failed",
        GROUP: "of other groups",
        IMAGE: f"{take} no container images (started without --containers)",
        EXECUTORS: f"{take} no TES tasks (started without --containers)",
    }
    if what in words:
        return f"{number} {words[what]}"
    return f"{number} {lack} {what} ({_amounts(tally.best[what])})"


def _amounts(misfit: Misfit) -> str:
    meant = "" if misfit.has else _MEANT.get(misfit.what.lower(), misfit.what)
    hint = f'; did you mean "{meant}"?' if meant not in ("", misfit.what) else ""
    return f"needs {_amount(misfit.what, misfit.asked)}, most {_amount(misfit.what, misfit.has)}{hint}"


_MEANT = {
    **dict.fromkeys(("core", CORES, "cpu", "cpus", "threads"), CORES),
    **dict.fromkeys(("mem", MEMORY, "ram"), MEMORY),
    **dict.fromkeys(("gpu", GPUS), GPUS),
    DISK: DISK,
}
"""What is meant by names that workers have nothing of: who wrote them did not know what it is called here."""


def _amount(name: str, amount: float) -> str:
    if name in SIZES:
        return rough_size(amount)
    return f"{amount:.0f} s" if name == TIME else f"{amount:g}"


def _no_worker(wanted: Wanted) -> str:
    groups = f"group {' or '.join(sorted(wanted.named))}" if wanted.named else "an open group"
    return f"no worker is registered of {groups}"


_FIELDS = {
    GROUP: "clientgroups",
    COMMAND: "cmd.name",
    EXECUTORS: "tes.executors",
    IMAGE: "cmd.Dockerimage",
    TIME: "walltime",
    SHARE: "resources.cores",
}


def asking(tally: Tally) -> str:
    """The path in a task of what the nearest workers lack."""
    what, _ = min(tally.counts.items(), key=_furthest, default=(GROUP, 0))
    return _FIELDS.get(what, f"resources.{what}")


def _quoted(name: str) -> str:
    return f'"{name}"' if len(name) <= _LONGEST_NAME else f'"{name[:_LONGEST_NAME]}..."'
