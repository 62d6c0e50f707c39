"""The workers of a job reach its owner's files, as long as the job is not finished."""

import pytest
from pytest_twisted import ensureDeferred

from awed.auth.jobs import JobTokens
from awed.model.access import User

OWNERS = {"a": "joe", "b": "ann"}


@ensureDeferred
async def test_a_jobs_token_stands_for_its_owner_until_the_job_is_finished() -> None:
    owners = dict(OWNERS)
    tokens = JobTokens("secret", owners.get)
    assert await tokens.authenticate("oauth", tokens.make("a")) == User("joe")
    del owners["a"]
    assert await tokens.authenticate("oauth", tokens.make("a")) is None


@pytest.mark.parametrize("scheme", ["oauth", "mgrast", "basic"])
@ensureDeferred
async def test_a_token_for_one_job_is_none_for_another_and_nobody_can_make_one(scheme: str) -> None:
    tokens, others = JobTokens("secret", OWNERS.get), JobTokens("other secret", OWNERS.get)
    forged = tokens.make("a").replace(".a.", ".b.")
    for credentials in (forged, others.make("a"), "", "awed-job", "awed-job.a", "awed-job.a.", "x"):
        assert await tokens.authenticate(scheme, credentials) is None
