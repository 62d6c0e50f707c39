"""Every call by every kind of user: who may make it, who is refused, and who gets 404."""

import re
from pathlib import Path
from typing import cast

from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.api.assembly import RESOURCES
from awed.api.openapi import ROOT
from awed.model.ids import new_id
from awed.store.sqlite import SqliteStore
from awed.web.params import parse_query
from awed.web.routes import by_path
from tests.unit.api.matrix import ACTORS, TABLE, Row, Trial
from tests.unit.api.served import Served, data
from tests.unit.store.memory import MemoryStore

EXPECTED = {str(row): row.marks for row in TABLE}


@ensureDeferred
async def test_who_may_make_a_call(tmp_path: Path) -> None:
    store = MemoryStore()
    await store.open()
    assert await Trial(tmp_path, store).rows() == EXPECTED


@ensureDeferred
async def test_who_may_see_and_not_do_what_on_sqlite(tmp_path: Path) -> None:
    """And on MongoDB: ``tests/integration/test_mongo_matrix.py``."""
    store = SqliteStore(tmp_path / "awed.sqlite", cast(IReactorThreads, reactor))
    await store.open()
    try:
        assert await Trial(tmp_path, store).rows(changes=False) == EXPECTED
    finally:
        await store.close()


def test_every_call_is_there() -> None:
    declared = {
        f"{method} {'' if name == ROOT else f'/{name}'}{path if name == ROOT else path.rstrip('/')}?{call.flag}"
        for name, collection in RESOURCES.items()
        for path, methods in by_path(collection.calls).items()
        for method, choice in methods.items()
        for call in choice
        if method != "HEAD"
    }
    assert {pattern for pattern in declared if not any(is_for(pattern, row) for row in TABLE)} == set()


def is_for(pattern: str, row: Row) -> bool:
    """Whether *row* is for the declared call of this *pattern*, if its path had no others."""
    route, _, flag = pattern.rpartition("?")
    path, _, query = row.path.partition("?")
    is_there = re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", route), f"{row.method} {path}") is not None
    return is_there and (flag in parse_query(query.encode()) or not flag)


LISTS = ("/job", "/job?active", "/job?query&state=in-progress", "/work", "/work?query", "/client", "/cgroup", "/node")


@ensureDeferred
async def test_lists_hold_what_the_caller_may_read(tmp_path: Path) -> None:
    store = MemoryStore()
    await store.open()
    trial = Trial(tmp_path, store)
    await trial.served.started()
    things = await trial.things()
    readers = {"job": "owner reader admin", "client": "maker reader admin", "cgroup": "maker reader admin"}
    readers |= {"work": readers["job"], "node": "user reader admin"}
    for path in LISTS:
        for who in ("anonymous", "user", "other user", "owner", "maker", "reader", "admin"):
            found = data(await trial.served.ask("GET", path, user=ACTORS[who]))
            seen = [item for item in found if item["id"] in things.values()]
            assert bool(seen) is (who in re.findall(r"\w+", readers[path[1:].partition("?")[0]])), (path, who)


def test_without_any_anonymous_right_nobody_is_public(tmp_path: Path) -> None:
    served = Served(tmp_path, anonymous=(), metrics_for="token")
    names = ("job", "group", "node", "client", "g", "new", "hook", "run", "step")
    for row in TABLE:
        if not row.marks.startswith("++"):
            path = row.path.format(work="a_b_0", **{name: new_id() for name in names})
            assert served.call(row.method, path, row.files).status == 401, path
