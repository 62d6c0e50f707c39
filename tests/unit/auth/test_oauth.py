"""Users whom an identity server knows: for how long that is believed, and what is not."""

import pytest
import pytest_twisted
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from awed.auth.interface import IAuthenticator
from awed.auth.oauth import OAuthTokens
from awed.model.access import ADMIN, PUBLIC, User
from awed.model.errors import Unavailable
from awed.tx.recent import LIFETIME, Recent


class Names:
    """An identity server that knows these tokens."""

    def __init__(self, **names: str) -> None:
        self.names = names
        self.asked: list[str] = []
        self.away = False

    async def name_of(self, token: str) -> str | None:
        self.asked.append(token)
        if self.away:
            raise Unavailable("away")
        return self.names.get(token)


def tokens(server: Names, clock: Clock) -> OAuthTokens:
    return OAuthTokens(server, {"oauth", "mgrast"}, Recent(clock.seconds))


def test_it_is_an_authenticator() -> None:
    assert verifyObject(IAuthenticator, tokens(Names(), Clock()))


@pytest_twisted.ensureDeferred
async def test_only_its_own_words_are_sent_to_the_server() -> None:
    server = Names(t="ann")
    method = tokens(server, Clock())
    assert await method.authenticate("mgrast", "t") == User("ann")
    assert await method.authenticate("bearer", "t") is None
    assert await method.authenticate("oauth", "") is None
    assert server.asked == ["t"]


@pytest_twisted.ensureDeferred
async def test_an_answer_is_believed_for_a_while_and_no_longer() -> None:
    server, clock = Names(t="ann"), Clock()
    method = tokens(server, clock)
    for _ in range(3):
        assert await method.authenticate("oauth", "t") == User("ann")
        clock.advance(LIFETIME / 4)
    assert server.asked == ["t"]
    clock.advance(LIFETIME / 4)
    server.names.clear()
    assert await method.authenticate("oauth", "t") is None


@pytest_twisted.ensureDeferred
async def test_a_refusal_is_not_remembered() -> None:
    server = Names()
    method = tokens(server, Clock())
    assert await method.authenticate("oauth", "t") is None
    server.names["t"] = "ann"
    assert await method.authenticate("oauth", "t") == User("ann")


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_away() -> None:
    server, clock = Names(t="ann"), Clock()
    method = tokens(server, clock)
    await method.authenticate("oauth", "t")
    server.away = True
    assert await method.authenticate("oauth", "t") == User("ann")
    with pytest.raises(Unavailable):
        await method.authenticate("oauth", "u")
    clock.advance(LIFETIME)
    with pytest.raises(Unavailable):
        await method.authenticate("oauth", "t")


@pytest.mark.parametrize("name", [PUBLIC, ADMIN, "a\nb", "x" * 201])
@pytest_twisted.ensureDeferred
async def test_no_identity_server_gives_a_name_that_is_the_servers(name: str) -> None:
    assert await tokens(Names(t=name), Clock()).authenticate("oauth", "t") is None
