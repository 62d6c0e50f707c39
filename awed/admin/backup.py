"""``awe backup``: a copy of the daemon's database, while the daemon goes on."""

from pathlib import Path

import click

from awed.admin.opened import at_store, store_options
from awed.store.interface import IStore
from awed.store.sqlite import SqliteStore


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@store_options
def backup(data: Path, store: str | None, file: Path) -> None:
    """Copy the daemon's database to FILE, as it is at one moment; the daemon may run.

    FILE appears when it is complete. It does not have the files of the node store: copy DATA/nodes afterwards.
    """

    async def copy(found: IStore) -> None:
        if not isinstance(found, SqliteStore):
            raise click.UsageError("only a store in SQLite is copied by this command; MongoDB has mongodump")
        faults = await found.integrity_check()
        if faults:
            raise click.ClickException(f"the database is damaged: {'; '.join(faults)}")
        await found.backup(file)
        click.echo(f"copied to {file}")

    # Not opened, as that would convert a store of an older version: it can be saved as it is before that.
    at_store(data, store, copy)
