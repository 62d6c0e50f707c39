"""Which jobs ran at a worker, for the search for ``worker:NAME``."""

from collections.abc import Mapping, Sequence

from awed.api.context import Context
from awed.model.access import User
from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.ids import job_of
from awed.service.runs import Runs

MOST = 1000
"""The most jobs that are found."""

LEAST = 4
"""How many characters of a worker's id must be given at least."""


async def jobs_at(context: Context, runs: Runs, user: User, workers: Sequence[str]) -> tuple[str, ...] | None:
    """The ids of the MOST latest jobs of which each of *workers* runs work, or ran some as far as *runs* remembers;
    None if there are no *workers*.

    Raises :class:`~awed.model.errors.Invalid` for a worker that *user* may not see.
    """
    if not workers:
        return None
    await runs.read()
    clients = {client.id: client for client in context.engine.clients.all()}
    found = [await _jobs(context, runs, clients, _ids(context, runs, clients, user, worker)) for worker in workers]
    return tuple([job for job in found[0] if all(job in other for other in found)][:MOST])


def _ids(context: Context, runs: Runs, clients: Mapping[str, Client], user: User, worker: str) -> set[str]:
    """The ids of the workers with this name, or with an id that begins so, also of those that are gone."""
    groups = {**runs.groups, **{id: client.group for id, client in clients.items()}}
    named = {id for id, client in clients.items() if client.name.casefold() == worker.casefold()}
    named |= {id for id in groups if id == worker or (len(worker) >= LEAST and id.startswith(worker))}
    seen = {id for id in named if context.groups.acl(groups[id]).allows(user, "read")}
    if not seen:
        raise Invalid(f"worker: there is none that you may see with the name or id {worker}")
    return seen


async def _jobs(context: Context, runs: Runs, clients: Mapping[str, Client], ids: set[str]) -> dict[str, None]:
    """The ids of the jobs of which these workers run work or ran some, the latest first."""
    now = [job_of(work) for id in ids if id in clients for work in clients[id].current_work]
    ran = [run.change.job async for run in context.turns(reversed(list(runs.runs))) if run.change.client in ids]
    return dict.fromkeys([*now, *ran])
