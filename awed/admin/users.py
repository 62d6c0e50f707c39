"""``awe user``: lists, adds and removes local users.

The commands use the daemon's store, so that access to the data directory is what they need. A running daemon looks
accounts up in the store at each request, so a change takes effect at once.
"""

import secrets
from pathlib import Path

import click

from awed.admin.opened import store_options, with_store
from awed.auth.passwords import hash_password
from awed.auth.tokens import token_hash
from awed.cli.options import confirm, yes_option
from awed.cli.show import users_table
from awed.cli.table import screen
from awed.model.access import Account, is_user_name
from awed.model.records import Batch
from awed.model.times import now
from awed.store.interface import IStore

_TOKEN_BYTES = 32


@click.group()
def user() -> None:
    """Say who may come to the daemon of a data directory: list, add, remove."""


@user.command("list")
@store_options
def list_users(data: Path, store: str | None) -> None:
    """List the users."""

    async def show(opened: IStore) -> None:
        screen().print(users_table(await opened.all(Account)))

    with_store(data, store, show)


@user.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="The user may do everything.")
@click.option(
    "--password", "with_password", is_flag=True, help="Ask for a password as well, for Basic authentication."
)
@store_options
def add(data: Path, store: str | None, name: str, admin: bool, with_password: bool) -> None:
    """Add a user and print the token by which the server knows them. It is stored nowhere."""
    password = click.prompt("Password", hide_input=True, confirmation_prompt=True) if with_password else ""
    token = secrets.token_hex(_TOKEN_BYTES)
    account = Account(name, admin, token_hash(token), hash_password(password) if password else "", now())

    async def write(opened: IStore) -> None:
        await add_account(opened, account)
        click.echo(token)

    with_store(data, store, write)


@user.command()
@click.argument("name")
@yes_option
@store_options
def remove(data: Path, store: str | None, name: str, yes: bool) -> None:
    """Remove a user. Their jobs stay."""

    async def ask(opened: IStore) -> None:
        await require_account(opened, name)
        confirm(f"Remove the user {name} and their token?", yes)
        await remove_account(opened, name)

    with_store(data, store, ask)


async def add_account(store: IStore, account: Account) -> None:
    """Store a new account. Raises :class:`click.UsageError` if the name is taken or cannot be one."""
    if not is_user_name(account.name):
        raise click.UsageError(f"a user cannot be called {account.name!r}")
    if await store.one(Account, id=account.name) is not None:
        raise click.UsageError(f"there is a user {account.name} already; remove them first")
    await store.commit(Batch(accounts=[account]))


async def require_account(store: IStore, name: str) -> None:
    """Raises :class:`click.UsageError` if there is no such account."""
    if await store.one(Account, id=name) is None:
        raise click.UsageError(f"there is no user {name}")


async def remove_account(store: IStore, name: str) -> None:
    """Delete an account. Raises :class:`click.UsageError` if there is none."""
    await require_account(store, name)
    await store.commit(Batch(gone_accounts=[name]))
