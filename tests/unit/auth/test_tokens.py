"""The administrator's token gives all rights, and similar texts give none."""

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from zope.interface.verify import verifyObject

from awed.auth.interface import IAuthenticator
from awed.auth.tokens import AdminToken, GroupTokens, JobTokens
from awed.model.access import ADMIN, User

TOKEN = "5f" * 32


def test_it_is_an_authenticator() -> None:
    assert verifyObject(IAuthenticator, AdminToken(TOKEN))


@pytest.mark.parametrize("word", ["bearer", "oauth", "admin"])
@pytest_twisted.ensureDeferred
async def test_the_token_is_known_after_each_word(word: str) -> None:
    assert await AdminToken(TOKEN).authenticate(word, TOKEN) == User(ADMIN, admin=True)


@pytest.mark.parametrize("credentials", ["", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "\udcff"])
@pytest_twisted.ensureDeferred
async def test_anything_else_is_unknown(credentials: str) -> None:
    assert await AdminToken(TOKEN).authenticate("bearer", credentials) is None


@pytest_twisted.ensureDeferred
async def test_the_words_can_be_chosen() -> None:
    method = AdminToken(TOKEN, {"mgrast"})
    assert await method.authenticate("mgrast", TOKEN) is not None
    assert await method.authenticate("bearer", TOKEN) is None
    assert await AdminToken(TOKEN).authenticate("basic", TOKEN) is None


@pytest_twisted.ensureDeferred
async def test_a_renewed_token_is_known_and_the_old_one_no_more() -> None:
    method = AdminToken(TOKEN)
    method.renew("6e" * 32)
    assert await method.authenticate("bearer", "6e" * 32) == User(ADMIN, admin=True)
    assert await method.authenticate("bearer", TOKEN) is None


@pytest_twisted.ensureDeferred
async def test_the_token_of_a_group() -> None:
    method = GroupTokens({"t": "g"}.get)
    assert verifyObject(IAuthenticator, method)
    assert await method.authenticate("cg_token", "t") == User("", group="g")
    assert await method.authenticate("cg_token", "u") is None
    assert await method.authenticate("oauth", "t") is None


@pytest.mark.parametrize("credentials", ["awed-job.j.\u00e9", "awed-job.\udcff.0", "awed-job", "awed-job.."])
@pytest_twisted.ensureDeferred
async def test_what_is_no_token_of_a_job_is_unknown_whatever_letters_it_has(credentials: str) -> None:
    assert await JobTokens("key", lambda job_id: User("ann")).authenticate("bearer", credentials) is None


@pytest_twisted.ensureDeferred
async def test_a_group_without_name_is_none() -> None:
    assert await GroupTokens(lambda token: "").authenticate("cg_token", "") is None


USERS = {"a": User("joe", nodes={"n"}), "b": User("ann", nodes=set())}


@ensureDeferred
async def test_a_jobs_token_counts_until_the_job_is_finished() -> None:
    users = dict(USERS)
    tokens = JobTokens("secret", users.get)
    assert await tokens.authenticate("oauth", tokens.make("a")) == USERS["a"]
    del users["a"]
    assert await tokens.authenticate("oauth", tokens.make("a")) is None


@pytest.mark.parametrize("scheme", ["oauth", "mgrast", "basic"])
@ensureDeferred
async def test_a_token_for_one_job_is_none_for_another_and_nobody_can_make_one(scheme: str) -> None:
    tokens, others = JobTokens("secret", USERS.get), JobTokens("other secret", USERS.get)
    forged = tokens.make("a").replace(".a.", ".b.")
    for credentials in (forged, others.make("a"), "", "awed-job", "awed-job.a", "awed-job.a.", "x"):
        assert await tokens.authenticate(scheme, credentials) is None
