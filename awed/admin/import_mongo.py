"""``awe import-mongo``: copies jobs, client groups and users from the database of an original AWE server.

It writes to the daemon's store directly, while no daemon runs. A job is committed as a whole, and what is in the
store already is left alone, so an import that broke off can be repeated.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from awed.admin.opened import STORE_HELP, with_store
from awed.auth.passwords import hash_password
from awed.daemon.datadir import DataDir, StartError
from awed.model.access import Account, GroupRecord, is_user_name
from awed.model.errors import Invalid, Unavailable
from awed.model.records import Batch
from awed.model.states import JobState
from awed.model.times import now
from awed.original.access import read_group, read_user
from awed.original.database import GROUPS, JOBS, USERS, OriginalDatabase
from awed.original.jobs import read_job, read_perf
from awed.store.interface import IStore
from awed.store.open import without_password

AT_ONCE = 500
"""Tasks after which the jobs read so far are committed together."""

_KNOWN, _LEFT = "there already", "not taken over"

_BECAME = {JobState.COMPLETED: "finished", JobState.DELETED: "deleted", JobState.SUSPEND: "suspended"}


@click.command("import-mongo")
@click.argument("uri")
@click.option(
    "--data",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The daemon's data directory, which is made if need be.",
)
@click.option("--store", metavar="URI", help=STORE_HELP)
def import_mongo(uri: str, data: Path, store: str | None) -> None:
    """Take over the jobs, client groups and users of an original AWE server from its database, while no daemon runs.

    URI is mongodb://HOST[/DATABASE]; without a name the database is AWEDB. It is only read. Finished jobs stay as
    they are; the others go on when the daemon is started, with the tasks that are not completed. What the daemon
    knows already is left alone. Exit status 3: something could not be taken over; each such document was named.
    """
    try:
        with DataDir(data, data / "logs").held(now()):
            with_store(data, store, lambda opened: _import(uri, opened), shared=False)
    except StartError as error:
        raise click.ClickException(str(error)) from None


async def _import(uri: str, store: IStore) -> None:
    original = _Original(uri)
    try:
        left = await Import(original, store).run()
    finally:
        await original.close()
    if left:
        raise Invalid(f"{left} document(s) could not be taken over")


class _Original:
    """The original's database at *uri*. Its errors are raised as :class:`click.ClickException`, with the URI."""

    def __init__(self, uri: str) -> None:
        self._shown = without_password(uri)
        with self._told():
            self._database = OriginalDatabase(uri)
            self._database.connect()

    async def close(self) -> None:
        await self._database.disconnect()

    async def each(self, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        with self._told():
            async for found in self._database.each(collection):
                yield found

    async def perf(self, job_id: str) -> bytes | None:
        with self._told():
            return await self._database.perf(job_id)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (Unavailable, ValueError) as error:
            raise click.ClickException(f"{self._shown}: {error}") from error


class Import:
    """An import. Prints each document that cannot be imported, and for each collection what became of how many."""

    def __init__(self, original: _Original, store: IStore) -> None:
        self._original = original
        self._store = store
        self._names: dict[str, str] = {}
        self._groups: set[str] = set()
        self._batch = Batch()

    async def run(self) -> int:
        """Import everything. Returns how many documents could not be imported."""
        for record in await self._store.all(GroupRecord):
            self._groups |= {record.group.id, record.group.name}
        left = await self._each(USERS, self._user)  # first, as rights name users by their ids
        left += await self._each(GROUPS, self._group)
        return left + await self._each(JOBS, self._job)

    async def _each(self, collection: str, take: Callable[[bytes], Awaitable[str]]) -> int:
        """Call *take*, which returns what became of it, with each document. Returns how many it refused."""
        found: Counter[str] = Counter()
        async for key, document in self._original.each(collection):
            try:
                became = await take(document)
            except Invalid as error:
                became = _LEFT
                click.echo(f"{collection} {key}: {error}", err=True)
            found[became] += 1
        await self._commit()
        said = ", ".join(f"{count} {became}" for became, count in sorted(found.items()))
        click.echo(f"{collection}: {said or 'none'}")
        return found[_LEFT]

    async def _user(self, document: bytes) -> str:
        user = read_user(document)
        self._names[user.uuid] = user.username
        if not user.password:
            return "without a password, known by an identity server"
        if not is_user_name(user.username):
            raise Invalid(f"a user cannot be called {user.username!r}")
        if await self._store.one(Account, id=user.username) is not None:
            return _KNOWN
        password = hash_password(user.password)
        self._batch.accounts.append(Account(user.username, user.admin, password_hash=password, created=now()))
        return "imported"

    async def _group(self, document: bytes) -> str:
        record = read_group(document, self._names)
        if self._groups & {record.group.id, record.group.name}:
            return _KNOWN
        self._groups |= {record.group.id, record.group.name}
        self._batch.groups.append(record)
        return "imported"

    async def _job(self, document: bytes) -> str:
        job = read_job(document, self._names, now=now())
        job_id = job.record.job.id
        if await self._store.job(job_id) is not None:
            return _KNOWN
        perf = await self._original.perf(job_id)
        self._batch.perfs += read_perf(perf, job) if perf else []
        self._batch.jobs.append(job.record)
        self._batch.tasks += job.tasks
        self._batch.secrets += job.secrets
        if len(self._batch.tasks) >= AT_ONCE:
            await self._commit()
        return _BECAME.get(job.record.job.state, "to go on")

    async def _commit(self) -> None:
        batch, self._batch = self._batch, Batch()
        await self._store.commit(batch)
