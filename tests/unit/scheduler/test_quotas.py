"""Quotas: one user alone cannot fill the server with unfinished work."""

import pytest

from awed.model.access import User
from awed.model.errors import QuotaReached
from awed.scheduler.quotas import Quota
from awed.scheduler.state import Limits
from awed.workflow.submission import Submission
from tests.unit.scheduler.builders import World, check_invariants, job, task


def sized(size: int, *tasks: str) -> Submission:
    submission = job(*map(task, tasks))
    submission.size = size
    return submission


def submit(world: World, submission: Submission, user: User) -> str:
    return world.scheduler.jobs.submit(submission, user, "", world.now).id


@pytest.mark.parametrize(
    ("quota", "text"),
    [
        (Quota(jobs=2), "a user may have 2 jobs unfinished at this server, and with this job ann would have 3"),
        (Quota(tasks=4), "a user may have 4 tasks unfinished at this server, and with this job ann would have 6"),
        (
            Quota(bytes=250),
            "a user may have 250 bytes of job documents unfinished at this server, and with",
        ),
    ],
)
def test_who_has_enough_gets_no_more_and_others_do(quota: Quota, text: str) -> None:
    world = World(Limits(quota=quota))
    for _ in range(2):
        submit(world, sized(100, "0", "1"), User("ann"))
    with pytest.raises(QuotaReached) as refused:
        submit(world, sized(100, "0", "1"), User("ann"))
    assert str(refused.value).startswith(text)
    check_invariants(world.scheduler)
    submit(world, sized(100, "0", "1"), User("bob"))
    submit(world, sized(100, "0", "1"), User("ann", admin=True))
    for job_id in world.job_ids[:2]:
        world.scheduler.jobs.delete(job_id, world.now, full=False)
    submit(world, sized(100, "0", "1"), User("ann"))


def test_a_job_counts_for_its_submitter_also_after_a_restart_and_when_it_is_given_away() -> None:
    world = World(Limits(quota=Quota(jobs=1)))
    job_id = submit(world, sized(1, "0"), User("ann"))
    world.scheduler.jobs.get(job_id).acl.owner = "bob"
    world.restart()
    with pytest.raises(QuotaReached):
        submit(world, sized(1, "0"), User("ann"))
    submit(world, sized(1, "0"), User("bob"))
