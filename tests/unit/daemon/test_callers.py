"""The configured ways of telling who asks are asked in the right order, and none hears of another's secrets."""

from datetime import UTC, datetime

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.testing import MemoryReactorClock

from awed.config import parse_config
from awed.config.settings import Auth
from awed.daemon.callers import Callers, identity_servers
from awed.model.access import Account, User
from awed.model.errors import UnknownCredentials
from awed.model.records import Batch
from awed.service.groups import Groups
from tests.unit.auth.identity_server import Server
from tests.unit.store.memory import MemoryStore

NOW = datetime(2026, 11, 23, 20, 41, 5, tzinfo=UTC)
WORKER = User("ann", nodes=())
RUNNER = User("ann", nodes=(), run="job")
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


async def made(config: str, *accounts: Account) -> tuple[Callers, MemoryReactorClock]:
    """Those of a daemon with these accounts and a job of ann, and its reactor."""
    store, reactor = MemoryStore(), MemoryReactorClock()
    await store.open()
    await store.commit(Batch(accounts=list(accounts)))
    callers = Callers(
        parse_config(config, "awed.conf").config,
        "secret",
        store=store,
        groups=Groups(no_commit, lambda: NOW, lambda: "token", lambda name, besides: None),
        user_of={"job": WORKER}.get,
        runner_of={"job": RUNNER}.get,
        commit=no_commit,
        now=lambda: NOW,
        reactor=reactor,
    )
    return callers, reactor


@ensureDeferred
async def test_the_token_of_a_run_is_not_that_of_its_data_and_makes_nobody_an_administrator() -> None:
    callers, reactor = await made("[Admin]\nusers = ann\n[Auth]\nuserinfo_urls = bearer=https://id.example/me")
    run, data = f"Bearer {callers.run_token('job', RUNNER.name)}", f"Bearer {callers.job_token('job')}"
    assert await callers.anyone.user(run, "write", runners=True) is RUNNER
    assert await callers.of_files.user(run, "write", runners=True) is RUNNER
    with pytest.raises(UnknownCredentials):
        await callers.anyone.user(run, "read")
    assert await callers.of_files.user(data, "read") is WORKER
    assert not reactor.sslClients


@ensureDeferred
async def test_a_jobs_token_is_known_here_and_not_sent_to_an_identity_server() -> None:
    callers, reactor = await made("[Auth]\nuserinfo_urls = bearer=https://id.example/me")
    for word in ("OAuth", "Bearer"):
        assert await callers.of_files.user(f"{word} {callers.job_token('job')}", "read") is WORKER
    assert not reactor.sslClients
    assert not reactor.tcpClients


@ensureDeferred
async def test_a_user_by_name_has_the_rights_of_now_and_the_age_of_the_account() -> None:
    callers, _ = await made("[Admin]\nusers = bob", Account("ann", admin=True, created=NOW))
    assert await callers.user("ann") == (User("ann", admin=True), NOW)
    assert await callers.user("bob") == (User("bob", admin=True), None)
    assert await callers.user("eve") == (User("eve"), None)
