"""The users of a daemon, in its store."""

import click
import pytest
import pytest_twisted

from awed.admin.users import add_account, remove_account
from awed.model.access import Account
from awed.store.interface import IStore
from awed.store.memory import MemoryStore


@pytest_twisted.async_fixture
async def store() -> IStore:
    store = MemoryStore()
    await store.open()
    return store


@pytest_twisted.ensureDeferred
async def test_a_user_is_added_and_removed(store: IStore) -> None:
    await add_account(store, Account("ann", token_hash="t"))
    assert (await store.one(Account, token_hash="t")) == Account("ann", token_hash="t")
    await remove_account(store, "ann")
    assert await store.all(Account) == []


@pytest_twisted.ensureDeferred
async def test_a_user_is_not_replaced_unseen(store: IStore) -> None:
    await add_account(store, Account("ann", token_hash="t"))
    with pytest.raises(click.UsageError, match="there is a user ann already"):
        await add_account(store, Account("ann", admin=True))
    assert await store.all(Account) == [Account("ann", token_hash="t")]


@pytest.mark.parametrize("name", ["", "public", "a\nb"])
@pytest_twisted.ensureDeferred
async def test_nobody_can_be_called_so(store: IStore, name: str) -> None:
    with pytest.raises(click.UsageError, match="cannot be called"):
        await add_account(store, Account(name))


@pytest_twisted.ensureDeferred
async def test_a_user_that_is_not_there(store: IStore) -> None:
    with pytest.raises(click.UsageError, match="there is no user bob"):
        await remove_account(store, "bob")
