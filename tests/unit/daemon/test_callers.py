"""The configured ways of telling who asks are asked in the right order, and none hears of another's secrets."""

from datetime import UTC, datetime

from pytest_twisted import ensureDeferred
from twisted.internet.testing import MemoryReactorClock

from awed.config import parse_config
from awed.config.settings import Auth
from awed.daemon.callers import Callers, identity_servers
from awed.model.access import User
from awed.model.records import Batch
from awed.service.groups import Groups
from awed.store.memory import MemoryStore
from tests.unit.auth.identity_server import Server

USERINFO = {"bearer": "https://id.example/me", "kc": "https://kc.example/userinfo"}


def test_each_configured_server_has_its_words_and_the_first_is_the_default() -> None:
    server = Server(lambda request: {"preferred_username": request.uri.decode()})
    auth = Auth(mgrast_oauth_url="https://mgrast.example", userinfo_urls=USERINFO)
    words = [set(words) for _, words in identity_servers(auth, server.http)]
    assert words == [{"mgrast", "oauth"}, {"bearer"}, {"kc"}]
    (first, default), (second, _) = identity_servers(Auth(userinfo_urls=USERINFO), server.http)
    assert default == {"bearer", "oauth"}
    assert server.result(first.name_of("t")) == "/me"
    assert server.result(second.name_of("t")) == "/userinfo"


async def no_commit(batch: Batch, undo: Batch | None = None) -> None:
    """Nothing is kept."""


@ensureDeferred
async def test_a_jobs_token_is_known_here_and_not_sent_to_an_identity_server() -> None:
    config = parse_config("[Auth]\nuserinfo_urls = bearer=https://id.example/me", "awed.conf").config
    store, reactor = MemoryStore(), MemoryReactorClock()
    await store.open()
    groups = Groups(no_commit, lambda: datetime.now(UTC), lambda: "token", lambda name, besides: None)
    worker = User("ann", nodes=())
    callers = Callers(
        config,
        "secret",
        store=store,
        groups=groups,
        user_of={"job": worker}.get,
        commit=no_commit,
        now=lambda: datetime.now(UTC),
        reactor=reactor,
    )
    for word in ("OAuth", "Bearer"):
        assert await callers.of_files.user(f"{word} {callers.job_token('job')}", "read") is worker
    assert not reactor.sslClients
    assert not reactor.tcpClients
