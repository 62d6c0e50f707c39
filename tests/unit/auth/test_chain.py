"""The methods of authentication are tried in turn; a failing method lets nobody in."""

import pytest
import pytest_twisted
from zope.interface import implementer
from zope.interface.verify import verifyObject

from awed.auth.chain import Authenticators
from awed.auth.interface import IAuthenticator
from awed.model.access import PUBLIC, User, Verb
from awed.model.errors import Unauthorized, Unavailable


@implementer(IAuthenticator)
class Known:
    """Knows the tokens it is given."""

    def __init__(self, **users: User) -> None:
        self.users = users
        self.asked: list[tuple[str, str]] = []

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        self.asked.append((scheme, credentials))
        return self.users.get(credentials)


@implementer(IAuthenticator)
class Broken:
    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        raise Unavailable("the identity server x does not answer")


ANN = User("ann")
READ: tuple[Verb, ...] = ("read",)


@pytest_twisted.ensureDeferred
async def test_without_a_header_everyone_is_public_as_far_as_that_is_allowed() -> None:
    chain = Authenticators([Known()], READ)
    assert await chain.user(None, "read") == User(PUBLIC)
    with pytest.raises(Unauthorized, match=r"^No Authorization$"):
        await chain.user(None, "write")


@pytest.mark.parametrize("header", ["", "x", "OAuth", "OAuth wrong", "Basic ", "\N{SNOWMAN} \N{SNOWMAN}"])
@pytest_twisted.ensureDeferred
async def test_a_header_that_nobody_accepts_is_never_public(header: str) -> None:
    with pytest.raises(Unauthorized, match=r"^Invalid Auth Header$"):
        await Authenticators([Known(t=ANN)], READ).user(header, "read")


@pytest_twisted.ensureDeferred
async def test_methods_are_asked_in_turn_until_one_knows() -> None:
    first, second, third = Known(), Known(t=ANN), Known(t=User("other"))
    assert await Authenticators([first, second, third], ()).user(" OAuth   t ", "write") == ANN
    assert first.asked == second.asked == [("oauth", "t")]
    assert third.asked == []


@pytest_twisted.ensureDeferred
async def test_a_method_that_fails_does_not_hide_those_after_it() -> None:
    assert await Authenticators([Broken(), Known(t=ANN)], ()).user("OAuth t", "read") == ANN


@pytest_twisted.ensureDeferred
async def test_a_failure_lets_nobody_in_and_is_no_refusal() -> None:
    with pytest.raises(Unavailable, match="identity server x"):
        await Authenticators([Broken(), Known()], READ).user("OAuth t", "read")


@pytest_twisted.ensureDeferred
async def test_named_admins() -> None:
    chain = Authenticators([Known(t=ANN, u=User("bob"), job=User("ann", nodes=()))], READ, admins=["ann", PUBLIC])
    assert await chain.user("OAuth t", "read") == User("ann", admin=True)
    assert not (await chain.user("OAuth job", "read")).admin
    assert not (await chain.user("OAuth u", "read")).admin
    assert not (await chain.user(None, "read")).admin


@pytest_twisted.ensureDeferred
async def test_a_workers_token_is_good_for_a_workers_calls_alone() -> None:
    chain = Authenticators([Known(t=User("", group="g"))], READ)
    assert (await chain.user("CG_TOKEN t", "write", workers=True)).group == "g"
    with pytest.raises(Unauthorized, match=r"^Invalid Auth Header$"):
        await chain.user("CG_TOKEN t", "read")


def test_the_doubles_of_this_test_are_authenticators() -> None:
    assert verifyObject(IAuthenticator, Known())
    assert verifyObject(IAuthenticator, Broken())
