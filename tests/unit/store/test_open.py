"""Stores from their URIs."""

from pathlib import Path
from typing import cast

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.store.interface import IStore
from awed.store.open import open_store

threads = cast(IReactorThreads, reactor)


@ensureDeferred
async def test_sqlite(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path}/x.sqlite", threads)
    assert IStore.providedBy(store)
    await store.open()
    await store.close()
    assert (tmp_path / "x.sqlite").exists()


@pytest.mark.parametrize(
    ("uri", "said"), [("mongodb://h/db", "not in this version"), ("sqlite:", "sqlite:PATH"), ("x", "sqlite:PATH")]
)
def test_others_are_refused(uri: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        open_store(uri, threads)
