"""Client groups: names, tokens, rights, and that every change is made durable."""

from collections.abc import Coroutine
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred

from awed.model.access import ADMIN, PUBLIC, ClientGroup, GroupAcl, GroupRecord, User
from awed.model.errors import AwedError, Conflict, Invalid, NotFound, QuotaReached, StoreAway
from awed.model.records import Batch
from awed.scheduler.requirements import ANYBODYS, NOBODY, whose
from awed.service.groups import Groups

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ANN = User("ann")
T = TypeVar("T")


class Kept:
    """Groups, and what was made durable of them."""

    def __init__(self, anybodys: bool = True) -> None:
        self.batches: list[Batch] = []
        self.away = False
        tokens = (f"t{number}" for number in count(1))
        self.told: dict[str, frozenset[str] | None] = {}
        tell = self.told.__setitem__
        self.groups = Groups(self.commit, lambda: NOW, lambda: next(tokens), tell, most=3, anybodys=anybodys)

    async def commit(self, batch: Batch, undo: Batch | None = None) -> None:
        if self.away:
            raise StoreAway("no database")
        self.batches.append(batch)


def done(work: Coroutine[Any, Any, T]) -> T:
    results: list[T] = []
    Deferred.fromCoroutine(work).addCallback(results.append)
    return results[0]


def refused(work: Coroutine[Any, Any, object], family: type[AwedError]) -> None:
    errors: list[object] = []
    Deferred.fromCoroutine(work).addErrback(lambda failure: errors.append(failure.check(family)))
    assert errors == [family]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def group(kept: Kept) -> GroupRecord:
    return done(kept.groups.create("g", ANN))


def test_registrations_under_ever_new_names_do_not_make_groups_without_end(
    kept: Kept, group: GroupRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awed.service.groups.MOST", 2)
    done(kept.groups.ensure("first"))
    done(kept.groups.ensure("second"))
    refused(kept.groups.ensure("third"), QuotaReached)
    done(kept.groups.ensure("second"))
    done(kept.groups.delete(next(record.group.id for record in kept.groups.all() if record.group.name == "first")))
    done(kept.groups.ensure("third"))


def test_a_user_who_has_enough_makes_no_more_groups_and_stops_nobody_else(kept: Kept, group: GroupRecord) -> None:
    for name in ("second", "third"):
        done(kept.groups.create(name, ANN))
    refused(kept.groups.create("fourth", ANN), QuotaReached)
    done(kept.groups.create("bobs", User("bob")))
    done(kept.groups.ensure("everybodys"))
    for number in range(4):
        done(kept.groups.create(f"root{number}", User("root", admin=True)))
    done(kept.groups.delete(group.group.id))
    done(kept.groups.create("fourth", ANN))


def test_a_new_group_is_its_makers(kept: Kept, group: GroupRecord) -> None:
    assert (group.group.name, group.group.token, group.acl.owner, group.acl.execute) == ("g", "t1", "ann", ["ann"])
    assert (group.group.created_on, group.group.last_modified) == (NOW, NOW)
    assert kept.batches == [Batch(groups=[group])]
    assert kept.groups.get(group.group.id) is group
    assert kept.groups.acl("g") is group.acl


def test_names(kept: Kept, group: GroupRecord) -> None:
    refused(kept.groups.create("g", ANN), Conflict)
    for name in ("", "a b", "ä", "a/b", "a\n"):
        refused(kept.groups.create(name, ANN), Invalid)
    assert len(kept.batches) == 1


def test_a_group_that_a_worker_makes_is_everybodys(kept: Kept, group: GroupRecord) -> None:
    assert kept.groups.acl("").execute == [PUBLIC]
    assert kept.groups.acl("new").execute == [ADMIN]
    done(kept.groups.ensure("new"))
    done(kept.groups.ensure("new"))
    done(kept.groups.ensure("g"))
    done(kept.groups.ensure(""))
    assert [record.group.name for record in kept.groups.all()] == ["g", "new"]
    assert kept.groups.acl("new").owner == PUBLIC
    refused(kept.groups.ensure("a b"), Invalid)


def test_one_token_counts_at_a_time(kept: Kept, group: GroupRecord) -> None:
    assert kept.groups.group_of("t1") == "g"
    done(kept.groups.renew_token(group.group.id))
    assert (kept.groups.group_of("t1"), kept.groups.group_of("t2")) == (None, "g")
    assert kept.batches[-1] == Batch(groups=[group])
    done(kept.groups.delete(group.group.id))
    assert kept.groups.group_of("t2") is None
    assert kept.groups.group_of("") is None


def test_rights_change(kept: Kept, group: GroupRecord) -> None:
    acl = done(kept.groups.change_acl(group.group.id, lambda acl: acl.read.append("bob")))
    assert acl.read == ["ann", "bob"]
    assert acl.write == ["ann"]
    assert kept.batches[-1] == Batch(groups=[group])


def test_what_is_gone_is_gone(kept: Kept, group: GroupRecord) -> None:
    done(kept.groups.delete(group.group.id))
    assert kept.batches[-1] == Batch(gone_groups=[group.group.id])
    assert kept.groups.all() == []
    with pytest.raises(NotFound):
        kept.groups.get(group.group.id)
    refused(kept.groups.delete(group.group.id), NotFound)
    done(kept.groups.create("g", ANN))


def test_the_store_remembers(kept: Kept, group: GroupRecord) -> None:
    done(kept.groups.create("large", User("root", admin=True)))
    done(kept.groups.ensure("everybodys"))
    done(kept.groups.change_acl(group.group.id, lambda acl: setattr(acl, "execute", ["ann", "bob"])))
    other = Kept()
    other.groups.restore(kept.groups.all(), [])
    assert other.groups.group_of("t1") == "g"
    assert other.groups.all() == kept.groups.all()
    assert other.told == kept.told == {"g": whose(["ann", "bob"]), "large": ANYBODYS, "everybodys": ANYBODYS}


def test_what_administrators_made_is_open_and_of_others_what_they_open(kept: Kept, group: GroupRecord) -> None:
    large = done(kept.groups.create("large", User("root", admin=True)))
    assert [kept.groups.is_open(record) for record in (group, large)] == [False, True]
    done(kept.groups.open(group.group.id, opened=True))
    done(kept.groups.open(large.group.id, opened=False))
    assert [kept.groups.is_open(record) for record in (group, large)] == [True, False]
    assert kept.told == {"g": ANYBODYS, "large": whose(["root"])}
    assert kept.batches[-1] == Batch(groups=[large])
    done(kept.groups.delete(group.group.id))
    assert kept.told["g"] is None


@pytest.mark.parametrize("anybodys", [True, False])
def test_what_public_owns_is_open_while_public_may_write(anybodys: bool) -> None:
    kept = Kept(anybodys)
    done(kept.groups.ensure("new"))
    done(kept.groups.create("made", User()))
    assert [kept.groups.is_open(record) for record in kept.groups.all()] == [anybodys] * 2
    done(kept.groups.open(kept.groups.all()[0].group.id, opened=False))
    assert kept.told == {"new": NOBODY, "made": ANYBODYS if anybodys else NOBODY}


def test_groups_of_before_are_open_if_an_administrator_has_them(kept: Kept) -> None:
    old = [GroupRecord(ClientGroup(id=name, name=name), GroupAcl.of(name)) for name in ("admin", "root", "ann")]
    kept.groups.restore(old, ["root"])
    assert kept.told == {"admin": ANYBODYS, "root": ANYBODYS, "ann": whose(["ann"])}


def test_a_group_that_was_answered_by_503_can_be_made_again(kept: Kept) -> None:
    kept.away = True
    refused(kept.groups.create("g", ANN), StoreAway)
    kept.away = False
    group = done(kept.groups.create("g", ANN)).group
    assert kept.groups.all() == kept.batches[-1].groups
    assert kept.groups.group_of(group.token) == "g"
