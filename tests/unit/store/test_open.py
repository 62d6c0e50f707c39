"""Stores from their URIs."""

from pathlib import Path
from typing import cast

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.config.settings import Mongodb
from awed.store.interface import IStore
from awed.store.open import default_uri, open_store, without_password

threads = cast(IReactorThreads, reactor)


@ensureDeferred
async def test_sqlite(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path}/x.sqlite", threads)
    assert IStore.providedBy(store)
    await store.open()
    await store.close()
    assert (tmp_path / "x.sqlite").exists()


def test_mongodb() -> None:
    assert IStore.providedBy(open_store("mongodb://one,two:27018/jobs?replicaSet=rs0", threads))


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sqlite:", "sqlite:PATH"),
        ("postgres://joe:secret@h/db", "not postgres://h/db"),
        ("postgres://joe:a/secret@h/db", "not postgres://h/db"),
        ("postgres://joe:a@secret@h/db?o=a@b", "not postgres://b"),
        ("mongodb://joe:a/secret@h/db", "percent-encoded"),
        ("mongodb://joe:a@secret@h/db", "escaped"),
        ("mongodb://h", "names no database"),
        ("mongodb:///db", "host"),
        ("mongodb://h/db?bogus=1", "bogus"),
        ("mongodb://one,two/db?tls=true", "several hosts"),
        ("mongodb://h/db?tls=true&tlsInsecure=true", "tlsInsecure is not supported"),
        ("mongodb://h/db?tls=true&tlsCAFile=/nowhere.pem", "/nowhere.pem"),
    ],
)
def test_others_are_refused(uri: str, said: str) -> None:
    """In words that hold no password."""
    with pytest.raises(ValueError, match=said) as raised:
        open_store(uri, threads)
    assert "secret" not in str(raised.value)


def test_default_is_sqlite_in_the_data_directory() -> None:
    assert default_uri("/data", Mongodb()) == "sqlite:/data/awed.sqlite"


def test_default_is_mongodb_where_hosts_are_given() -> None:
    settings = Mongodb(("one", "two:1"), "jobs", "joe@work", "a/b", "replicaSet=rs0")
    uri = default_uri("/data", settings)
    assert uri == "mongodb://joe%40work:a%2Fb@one,two:1/jobs?replicaSet=rs0"
    assert without_password(uri) == "mongodb://one,two:1/jobs?replicaSet=rs0"
    assert without_password(f"{uri}&o=a@b") == "mongodb://one,two:1/jobs?replicaSet=rs0&o=a@b"
    assert without_password("sqlite:/home/joe@work/x") == "sqlite:/home/joe@work/x"
