"""Identity servers: what they are asked, in the form of each, and what their answers mean."""

from collections.abc import Callable

import pytest
import pytest_twisted
from twisted.internet.task import Clock
from twisted.web.http import Request
from zope.interface.verify import verifyObject

from awed.auth.identity import SIZE_LIMIT, Globus, OAuthTokens, UserInfo, mgrast
from awed.auth.interface import IAuthenticator
from awed.model.access import ADMIN, PUBLIC, User
from awed.model.errors import Unavailable
from awed.tx.recent import LIFETIME, Recent
from tests.unit.auth.identity_server import SILENCE, Server, status

URL = "https://identity.example/me"
OLD_TOKEN = "un=ann|tokenid=1|client_id=a/nn|SigningSubject=https://x"


def test_a_user_info_url_of_openid_connect() -> None:
    server = Server(lambda _: {"sub": "123", "preferred_username": "ann"})
    assert server.result(UserInfo(server.http, URL).name_of("t")) == "ann"
    [(path, headers)] = server.asked
    assert (path, headers["authorization"]) == ("/me", "Bearer t")


def test_mgrast() -> None:
    server = Server(lambda _: {"login": "ann", "firstname": "A", "email": "a@b"})
    assert server.result(mgrast(server.http, URL).name_of("t")) == "ann"
    [(_, headers)] = server.asked
    assert headers["auth"] == "t"
    assert "authorization" not in headers


def test_globus_with_a_token_that_names_its_client() -> None:
    server = Server(lambda _: {"username": "ann"})
    globus = Globus(server.http, "https://nexus.example/users/", "https://nexus.example/goauth/token")
    assert server.result(globus.name_of(OLD_TOKEN)) == "ann"
    [(path, headers)] = server.asked
    assert (path, headers["authorization"]) == ("/users/a%2Fnn", f"Globus-Goauthtoken {OLD_TOKEN}")


def test_globus_with_any_other_token() -> None:
    server = Server(lambda request: {"client_id": "c"} if b"goauth" in request.uri else {"username": "ann"})
    globus = Globus(server.http, "https://nexus.example/users", "https://nexus.example/goauth/token")
    assert server.result(globus.name_of("t")) == "ann"
    assert [path for path, _ in server.asked] == ["/goauth/token", "/users/c"]
    assert server.asked[0][1]["x-globus-goauthtoken"] == "t"


def test_globus_does_not_know_the_token() -> None:
    server = Server(status(403))
    assert server.result(Globus(server.http, URL, URL).name_of("t")) is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_a_refusal(code: int) -> None:
    server = Server(status(code, {"error": "no", "login": "ann"}))
    assert server.result(mgrast(server.http, URL).name_of("t")) is None


@pytest.mark.parametrize("answer", [{}, {"login": ""}, {"login": None}, {"login": 5}, {"login": ["ann"]}])
def test_an_answer_without_a_name_is_a_refusal(answer: object) -> None:
    server = Server(lambda _: answer)
    assert server.result(mgrast(server.http, URL).name_of("t")) is None


def cut_off(request: Request) -> object:
    request.setHeader(b"Content-Length", b"100")
    request.write(b'{"login": "ann"}')
    request.loseConnection()
    return SILENCE


def begin_and_wait(request: Request) -> object:
    request.write(b'{"login": ')
    return SILENCE


@pytest.mark.parametrize(
    "answer",
    [
        status(500, {"login": "ann"}),
        status(503),
        status(429),
        status(408),
        status(302, {"login": "ann"}),
        status(204),
        lambda _: b"<html>",
        lambda _: b"",
        lambda _: b'"ann"',
        lambda _: b'{"login": "\xff"}',
        lambda _: {"login": "ann", "padding": "x" * SIZE_LIMIT},
        lambda _: SILENCE,
        begin_and_wait,
        cut_off,
    ],
)
def test_whatever_goes_wrong_is_a_failure(answer: Callable[[Request], object]) -> None:
    """Neither is anybody let in, nor is a good token refused. The token is in no error."""
    server = Server(answer)
    with pytest.raises(Unavailable) as failed:
        server.result(mgrast(server.http, URL).name_of("secret"))
    assert failed.value.texts == ["the identity server identity.example does not answer"]


def test_a_redirect_is_not_followed() -> None:
    def elsewhere(request: Request) -> object:
        request.redirect(b"https://elsewhere.example/")
        return b""

    server = Server(elsewhere)
    with pytest.raises(Unavailable):
        server.result(mgrast(server.http, URL).name_of("t"))
    assert len(server.asked) == 1


def test_a_cookie_of_one_user_does_not_go_along_with_another() -> None:
    def answer(request: Request) -> object:
        request.addCookie(b"session", b"ann")
        return {"login": "ann"}

    server = Server(answer)
    for token in ("t", "u"):
        server.result(mgrast(server.http, URL).name_of(token))
    assert all("cookie" not in headers for _, headers in server.asked)


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
