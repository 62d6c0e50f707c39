"""Opens the daemon's store for a command."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads

from awed.daemon.datadir import DataDir, StartError
from awed.model.errors import AwedError
from awed.store.interface import IStore
from awed.store.open import default_uri, open_store, without_password
from awed.tx.timers import use_monotonic_time

STORE_HELP = "Where the daemon keeps its jobs. Needed only if it is told by --store and was never started yet."
"""Of the option ``--store``."""

F = TypeVar("F", bound=Callable[..., object])


def store_options(command: F) -> F:
    """Decorator: the options ``--data`` and ``--store``, by which a command finds the daemon's store."""
    data = click.option(
        "--data",
        required=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The daemon's data directory.",
    )
    store = click.option("--store", metavar="URI", help=STORE_HELP)
    return data(store(command))


def with_store(
    data: Path, store: str | None, use: Callable[[IStore], Awaitable[None]], *, shared: bool = True
) -> None:
    """Open the store, run *use* with it on a reactor, then end the program.

    *data*: the data directory, which is told that this is its store. *store*: URI of the store, None for the one that
    the directory has. *shared*: whether a daemon may be using the store.
    """

    uri = store_of(data, store)

    async def open_and_use(found: IStore) -> None:
        await found.open()
        DataDir(data, data / "logs").note_store(uri)
        try:
            await use(found)
        finally:
            await found.close()

    at_store(data, uri, open_and_use, shared=shared)


def store_of(data: Path, store: str | None) -> str:
    """The URI of the store that belongs to the directory *data*. *store*: what the user says, None for nothing.

    Raises :class:`click.UsageError` if that is another store, or if none is known.
    """
    directory = DataDir(data, data / "logs")
    if store is not None:
        try:
            directory.check_store(store)
        except StartError as error:
            raise click.UsageError(str(error)) from None
        return store
    default = default_uri(data)
    if not directory.store() and (data / "admin-token").exists() and not Path(default.partition(":")[2]).exists():
        raise click.UsageError(f"which store the daemon of {data} uses is not noted in {data} yet: give --store")
    return directory.store() or default


def at_store(data: Path, store: str | None, use: Callable[[IStore], Awaitable[None]], *, shared: bool = True) -> None:
    """As :func:`with_store`, but *use* gets the store unopened."""
    uri = store_of(data, store)

    async def run(reactor: IReactorThreads) -> None:
        use_monotonic_time(reactor)
        try:
            await use(open_store(uri, reactor, shared))
        except click.ClickException as error:
            error.show()
            raise SystemExit(error.exit_code) from None
        except (ValueError, AwedError) as error:
            click.echo(f"awe: {without_password(uri)}: {error}", err=True)
            raise SystemExit(3) from None

    task.react(lambda reactor: Deferred.fromCoroutine(run(reactor)))
