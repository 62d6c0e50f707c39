"""Local users come in by token or password; changes to their accounts count at once."""

import base64
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import pytest
import pytest_twisted
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from awed.auth.accounts import AccountPasswords, AccountTokens
from awed.auth.interface import IAuthenticator
from awed.auth.passwords import PasswordChecks, hash_password
from awed.auth.tokens import token_hash
from awed.model.access import ADMIN, PUBLIC, Account, User
from awed.model.errors import Unavailable
from awed.tx.recent import LIFETIME

P = ParamSpec("P")
T = TypeVar("T")

STORED = hash_password("correct horse: battery")


class Accounts:
    """A store of accounts."""

    def __init__(self, *accounts: Account) -> None:
        self.accounts = list(accounts)

    async def account(self, name: str) -> Account | None:
        return next((one for one in self.accounts if one.name == name), None)

    async def account_by_token(self, token_hash: str) -> Account | None:
        return next((one for one in self.accounts if one.token_hash == token_hash), None)


class Checks:
    """Runs what would run in a thread, and counts it."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        self.number += 1
        return self._run(lambda: function(*args, **kwargs))

    async def _run(self, call: Callable[[], T]) -> T:
        return call()


def basic(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def passwords(accounts: Accounts, checks: Checks | None = None, clock: Clock | None = None) -> AccountPasswords:
    return AccountPasswords(accounts.account, PasswordChecks(checks or Checks(), clock or Clock()))


def test_they_are_authenticators() -> None:
    assert verifyObject(IAuthenticator, AccountTokens(Accounts().account_by_token))
    assert verifyObject(IAuthenticator, passwords(Accounts()))


@pytest_twisted.ensureDeferred
async def test_a_token_is_looked_up_by_its_hash() -> None:
    accounts = Accounts(
        Account("ann", token_hash=token_hash("t")), Account("bob", True, token_hash("u")), Account("eve")
    )
    method = AccountTokens(accounts.account_by_token)
    assert await method.authenticate("oauth", "t") == User("ann")
    assert await method.authenticate("bearer", "u") == User("bob", admin=True)
    assert await method.authenticate("bearer", token_hash("t")) is None
    assert await method.authenticate("bearer", "") is None
    assert await method.authenticate("cg_token", "t") is None


@pytest_twisted.ensureDeferred
async def test_a_store_that_finds_the_wrong_account_lets_nobody_in() -> None:
    async def whatever(_: str) -> Account:
        return Account("ann", token_hash=token_hash("another"))

    assert await AccountTokens(whatever).authenticate("oauth", "t") is None


@pytest.mark.parametrize("name", ["", PUBLIC, ADMIN, "a\nb", "x" * 201])
@pytest_twisted.ensureDeferred
async def test_no_account_gives_a_name_that_is_the_servers(name: str) -> None:
    accounts = Accounts(Account(name, True, token_hash("t"), STORED))
    assert await AccountTokens(accounts.account_by_token).authenticate("oauth", "t") is None
    assert await passwords(accounts).authenticate("basic", basic(f"{name}:correct horse: battery")) is None


@pytest_twisted.ensureDeferred
async def test_a_password_may_hold_colons() -> None:
    method = passwords(Accounts(Account("ann", password_hash=STORED)))
    assert await method.authenticate("basic", basic("ann:correct horse: battery")) == User("ann")


@pytest.mark.parametrize("sent", ["ann:", "ann", "ann:correct horse", "bob:correct horse: battery", "eve:", ":", ""])
@pytest_twisted.ensureDeferred
async def test_wrong_passwords_and_unknown_names_cost_the_same_check(sent: str) -> None:
    """How long it takes does not tell whether there is such a user. Without a password nobody comes in by one."""
    checks = Checks()
    method = passwords(Accounts(Account("ann", password_hash=STORED), Account("eve")), checks)
    assert await method.authenticate("basic", basic(sent)) is None
    assert checks.number == 1


@pytest.mark.parametrize("credentials", ["!!", "YW5", "\N{SNOWMAN}", base64.b64encode(b"\xff:\xff").decode()])
@pytest_twisted.ensureDeferred
async def test_what_is_no_name_and_password(credentials: str) -> None:
    assert await passwords(Accounts()).authenticate("basic", credentials) is None


@pytest_twisted.ensureDeferred
async def test_other_words_are_not_passwords() -> None:
    checks = Checks()
    assert await passwords(Accounts(), checks).authenticate("oauth", basic("ann:x")) is None
    assert checks.number == 0


@pytest_twisted.ensureDeferred
async def test_a_right_password_is_remembered_for_a_while() -> None:
    checks, clock = Checks(), Clock()
    method = passwords(Accounts(Account("ann", password_hash=STORED)), checks, clock)
    for _ in range(3):
        assert await method.authenticate("basic", basic("ann:correct horse: battery"))
    assert checks.number == 1
    clock.advance(LIFETIME)
    assert await method.authenticate("basic", basic("ann:correct horse: battery"))
    assert checks.number == 2


@pytest_twisted.ensureDeferred
async def test_a_change_of_an_account_counts_at_once() -> None:
    ann = Account("ann", password_hash=STORED)
    accounts = Accounts(ann)
    method = passwords(accounts)
    sent = basic("ann:correct horse: battery")
    assert await method.authenticate("basic", sent) == User("ann")
    ann.admin = True
    assert await method.authenticate("basic", sent) == User("ann", admin=True)
    ann.password_hash = hash_password("new")
    assert await method.authenticate("basic", sent) is None
    ann.password_hash = STORED
    accounts.accounts.clear()
    assert await method.authenticate("basic", sent) is None


@pytest_twisted.ensureDeferred
async def test_a_store_that_is_away_is_no_refusal() -> None:
    async def away(_: str) -> Account | None:
        raise Unavailable("the database does not answer")

    with pytest.raises(Unavailable):
        await AccountTokens(away).authenticate("oauth", "t")
