"""The administrator's token opens everything, and nothing like it does."""

import pytest
import pytest_twisted
from zope.interface.verify import verifyObject

from awed.auth.admin import AdminToken
from awed.auth.interface import IAuthenticator
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
