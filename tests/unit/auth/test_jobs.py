"""The workers of a job reach its files, as long as the job is not finished."""

import pytest
from pytest_twisted import ensureDeferred

from awed.auth.jobs import JobTokens
from awed.model.access import User

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
