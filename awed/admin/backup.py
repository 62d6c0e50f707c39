"""``awe backup``: a copy of the daemon's database, while the daemon goes on."""

from pathlib import Path

import click

from awed.admin.opened import store_options, with_store
from awed.store.interface import IStore
from awed.store.sqlite import SqliteStore


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@store_options
def backup(data: Path, store: str | None, file: Path) -> None:
    """Copy the daemon's database to FILE, as it is at one moment; the daemon may run.

    FILE appears when it is whole. The files of the node store are not in it: copy DATA/nodes afterwards.
    """

    async def copy(opened: IStore) -> None:
        if not isinstance(opened, SqliteStore):
            raise click.UsageError("only a store in SQLite is copied by this command; MongoDB has mongodump")
        faults = await opened.integrity_check()
        if faults:
            raise click.ClickException(f"the database is damaged: {'; '.join(faults)}")
        await opened.backup(file)
        click.echo(f"copied to {file}")

    with_store(data, store, copy)
