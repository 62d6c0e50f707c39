"""The users of a daemon, in its store."""

from pathlib import Path

import click
import pytest
import pytest_twisted

from awed.admin.opened import store_of
from awed.admin.users import add_account, remove_account
from awed.daemon.datadir import DataDir
from awed.model.access import Account
from awed.store.interface import IStore
from tests.unit.store.memory import MemoryStore


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


def test_the_store_of_a_data_directory_is_that_of_its_daemon(tmp_path: Path) -> None:
    assert store_of(tmp_path, None) == f"sqlite:{tmp_path}/awed.sqlite"
    (tmp_path / "admin-token").touch()
    with pytest.raises(click.UsageError, match=r"is not noted in .* yet: give --store"):
        store_of(tmp_path, None)
    DataDir(tmp_path, tmp_path).note_store("mongodb://host/jobs")
    assert store_of(tmp_path, None) == "mongodb://host/jobs"
    assert store_of(tmp_path, "mongodb://ann:pw@host/jobs") == "mongodb://ann:pw@host/jobs"
    with pytest.raises(click.UsageError, match=r"belongs to the store mongodb://host/jobs, not to sqlite:x"):
        store_of(tmp_path, "sqlite:x")
