"""Why work is not run: what it asks for, compared with the registered clients."""

from collections.abc import Collection
from itertools import islice

from awed.model.remarks import Remark
from awed.scheduler.entries import JobEntry, Place
from awed.scheduler.ranks import RankSet
from awed.scheduler.requirements import NOBODY, Kind, Wanted
from awed.scheduler.state import State

LOOKED_AT = 100
"""How many different :class:`Wanted` of one job are compared with the clients."""


class Reasons:
    """Finds reasons by the same rules by which work is handed out."""

    def __init__(self, state: State) -> None:
        self._state = state

    def unmet(self, job: JobEntry) -> list[Remark]:
        """What the job needs and no registered client that may have its work has: each once, at its first place."""
        kinds = {client.kind for client in self._state.clients.values()}
        wants: dict[Wanted, int] = {}
        for entry in job.tasks:
            wants.setdefault(Place(entry, NOBODY, RankSet()).asks(), entry.index)
        found: dict[str, str] = {}
        for wanted, index in islice(wants.items(), LOOKED_AT):
            if not any(map(wanted.suits, kinds)):
                where, text = _lacking(wanted, kinds)
                found.setdefault(text, f"tasks[{index}].{where}")
        return [Remark(place, text) for text, place in found.items()]


def _lacking(wanted: Wanted, kinds: Collection[Kind]) -> tuple[str, str]:
    """The field of a task that asks for what none of *kinds* has, and a sentence about it."""
    if not kinds:
        return "cmd", "no worker is registered"
    if not any(wanted.suits(kind._replace(apps=frozenset({wanted.app}), images=True)) for kind in kinds):
        groups = f"group {' or '.join(sorted(wanted.named))}" if wanted.named else "an open group"
        return "clientgroups", f"no registered worker is of {groups}"
    if not any(wanted._replace(image=False).suits(kind) for kind in kinds):
        return "cmd.name", f'no registered worker that may have it has the command "{wanted.app}"'
    return "cmd.Dockerimage", "no registered worker that may have it runs commands in container images"
