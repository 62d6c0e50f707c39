"""Workers come in with their group's token, as nobody but a worker of that group."""

import pytest_twisted
from zope.interface.verify import verifyObject

from awed.auth.groups import GroupTokens
from awed.auth.interface import IAuthenticator
from awed.model.access import User


@pytest_twisted.ensureDeferred
async def test_the_token_of_a_group() -> None:
    method = GroupTokens({"t": "g"}.get)
    assert verifyObject(IAuthenticator, method)
    assert await method.authenticate("cg_token", "t") == User("", group="g")
    assert await method.authenticate("cg_token", "u") is None
    assert await method.authenticate("oauth", "t") is None


@pytest_twisted.ensureDeferred
async def test_a_group_without_name_is_none() -> None:
    assert await GroupTokens(lambda token: "").authenticate("cg_token", "") is None
