"""A session counts for a day, until it is ended, and while the secrets of its user are those it began with."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

from pytest_twisted import ensureDeferred

from awed.auth.sessions import LASTS, Sessions
from awed.auth.tokens import AdminToken
from awed.model.access import ADMIN, Account, Session, User
from awed.model.records import Batch
from tests.unit.store.memory import MemoryStore

ANN = Account("ann", admin=True, token_hash="t", password_hash="p")


class World:
    """Sessions over a store in memory, and a clock."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.store = MemoryStore()
        self.admin = AdminToken("secret")
        numbers: Iterator[int] = count(1)

        async def account(name: str) -> Account | None:
            return await self.store.one(Account, id=name)

        async def commit(batch: Batch, undo: Batch | None = None) -> None:
            await self.store.commit(batch)

        self.sessions = Sessions(
            find=lambda id: self.store.one(Session, id=id),
            page=partial(self.store.page, Session),
            account=account,
            admin=self.admin,
            commit=commit,
            now=lambda: self.time,
            new_token=lambda: f"token {next(numbers)}",
            key="key",
        )

    async def user(self, token: str) -> User | None:
        """Whose session this is."""
        return await self.sessions.authenticate("session", token)


async def opened() -> World:
    world = World()
    await world.store.open()
    await world.store.commit(Batch(accounts=[ANN]))
    return world


@ensureDeferred
async def test_it_lasts_a_day_or_until_it_is_ended() -> None:
    world = await opened()
    one = await world.sessions.begin(User("ann", admin=True))
    other = await world.sessions.begin(User("joe"))
    assert await world.user(one) == User("ann", admin=True)
    assert await world.sessions.authenticate("bearer", one) is None
    await world.sessions.end(one)
    assert (await world.user(one), await world.user(other)) == (None, User("joe"))
    world.time += LASTS
    assert await world.user(other) is None
    await world.sessions.remove_expired()
    assert await world.store.ids(Session) == []


@ensureDeferred
async def test_its_secret_is_not_stored() -> None:
    world = await opened()
    token = await world.sessions.begin(User("joe"))
    assert all(token not in str(session) for session in await world.store.all(Session))


@ensureDeferred
async def test_a_new_token_or_password_ends_it_and_rights_that_were_taken_are_gone() -> None:
    world = await opened()
    token = await world.sessions.begin(User("ann", admin=True))
    await world.store.commit(Batch(accounts=[Account("ann", token_hash="t", password_hash="p")]))
    assert await world.user(token) == User("ann")
    for account in (Account("ann", token_hash="t", password_hash="new"), Account("ann", token_hash="new")):
        await world.store.commit(Batch(accounts=[account]))
        assert await world.user(token) is None
    await world.store.commit(Batch(gone_accounts=["ann"]))
    assert await world.user(token) is None


@ensureDeferred
async def test_a_user_of_an_identity_server_does_not_become_the_administrator_of_that_name() -> None:
    world = await opened()
    assert await world.user(await world.sessions.begin(User("ann"))) == User("ann")


@ensureDeferred
async def test_the_administrators_session_ends_with_the_token() -> None:
    world = await opened()
    token = await world.sessions.begin(User(ADMIN, admin=True))
    assert await world.user(token) == User(ADMIN, admin=True)
    world.admin.renew("another")
    assert await world.user(token) is None


@ensureDeferred
async def test_those_that_go_on_are_kept_when_others_are_removed() -> None:
    world = await opened()
    await world.sessions.begin(User("joe"))
    world.time += timedelta(hours=12)
    kept = await world.sessions.begin(User("joe"))
    world.time += timedelta(hours=13)
    await world.sessions.remove_expired()
    assert await world.user(kept) == User("joe")
    assert len(await world.store.ids(Session)) == 1


def test_forms_of_one_session_are_no_use_in_another() -> None:
    sessions = World().sessions
    assert len({sessions.seal(token) for token in ("", "a", "b")}) == 3
