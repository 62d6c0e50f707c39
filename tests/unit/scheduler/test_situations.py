"""Twenty and some situations in which work waits, and what is told of each: the table in the documentation."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from awed.model.attempts import Cause, Retry
from awed.model.errors import NothingToDo
from awed.model.ids import parse_work_id
from awed.model.job import Cmd, Job
from awed.model.reasons import Waits
from awed.model.tes import Executor, TesTask
from awed.scheduler import reservations
from awed.scheduler.changes import Prepare
from awed.scheduler.reasons import LONGEST
from awed.scheduler.shares import Most
from awed.scheduler.state import Limits
from tests.pages import DOCS
from tests.unit.scheduler.builders import World, job, task

G = 1 << 30

Situation = Callable[[World], Waits]

SITUATIONS: dict[str, Situation] = {}
"""What a situation is, and how it is made."""


def situation(about: str) -> Callable[[Situation], Situation]:
    def add(make: Situation) -> Situation:
        SITUATIONS[about] = make
        return make

    return add


def waits(world: World, submitted: Job, number: int = 0) -> Waits:
    """What is told of a task of a job."""
    entry = world.scheduler.jobs.get(submitted.id).tasks[number]
    found = world.scheduler.reasons.task(entry, world.now, {})
    assert found is not None
    return found


def told(world: World, groups: str = "", user: str = "public", **fields: Any) -> Waits:
    """What is told of a task that is all that the user submits."""
    return waits(world, world.submit(job(task("a", **fields), groups=groups), user=user))


def ask(world: World, **spare: Any) -> None:
    """The client ``c`` asks in vain, and says what it has."""
    with pytest.raises(NothingToDo):
        world.checkout("c", **spare)


@situation("nobody is there")
def _(world: World) -> Waits:
    return told(world)


@situation("no worker of the groups that the job names")
def _(world: World) -> Waits:
    world.client("c", "small")
    return told(world, "large,huge")


@situation("all workers are at work")
def _(world: World) -> Waits:
    for name in ("c0", "c1"):
        world.client(name)
        told(world)
        world.checkout(name)
    return told(world)


@situation("a worker is free: it has not asked since")
def _(world: World) -> Waits:
    world.client("c")
    return told(world)


@situation("a person has suspended the worker")
def _(world: World) -> Waits:
    world.scheduler.clients.suspend(world.client("c"), world.now)
    return told(world)


@situation("a command that no worker has")
def _(world: World) -> Waits:
    world.client("c0", apps=["sort"])
    world.client("c1", apps=["awk"])
    return told(world, app="blastp")


@situation("more memory than any worker has")
def _(world: World) -> Waits:
    world.client("c0", offers={"cores": 4.0, "memory": 31.2 * G})
    world.client("c1", offers={"cores": 4.0, "memory": 8.0 * G})
    return told(world, needs={"memory": "64G"})


@situation("more cores than any worker has")
def _(world: World) -> Waits:
    world.client("c", offers={"cores": 4.0})
    return told(world, needs={"cores": 16})


@situation("a GPU, where there are none")
def _(world: World) -> Waits:
    world.client("c", offers={"cores": 4.0})
    return told(world, needs={"gpus": 1})


@situation("a kind of the site's own")
def _(world: World) -> Waits:
    world.client("c", offers={"cores": 4.0, "licence": 1.0})
    return told(world, needs={"licence": 2})


@situation("a name that something has elsewhere")
def _(world: World) -> Waits:
    world.client("c", offers={"cores": 4.0})
    return told(world, needs={"CPUs": 2})


@situation("inputs that no free disk holds")
def _(world: World) -> Waits:
    world.client("c")
    submitted = world.prepared(job(task("a", inputs=[20 * G])))
    ask(world, available=5 * G)
    return waits(world, submitted)


@situation("a walltime that is longer than the worker stays")
def _(world: World) -> Waits:
    world.client("c")
    submitted = world.submit(job(task("a", walltime=3600)))
    ask(world, time_left=600)
    return waits(world, submitted)


@situation("a container image, and workers that run none")
def _(world: World) -> Waits:
    world.client("c", images=False)
    one = task("a")
    one.cmd = Cmd(name="blastp", docker_image="blast:2.15")
    return waits(world, world.submit(job(one)))


@situation("a TES task, as steps of CWL are, and workers that take none")
def _(world: World) -> Waits:
    world.client("c", executors=False)
    step = task("a")
    step.tes = TesTask(executors=[Executor("alpine", ["true"])])
    return waits(world, world.submit(job(step)))


@situation("many workers, each with a reason of its own")
def _(world: World) -> Waits:
    for number in range(7):
        world.client(f"g{number}", "others")
    for number in range(3):
        world.client(f"c{number}", "mine", apps=["sort"])
    for number in range(2):
        world.client(f"m{number}", "mine", offers={"cores": 8.0, "memory": 31.2 * G})
    return told(world, "mine", app="blastp", needs={"memory": "64G"})


@situation("it failed on the only worker")
def _(world: World) -> Waits:
    world.client("c")
    submitted = world.submit(job(task("a")))
    world.report(world.checkout("c"), "fail", exitstatus=3)
    return waits(world, submitted)


@situation("the worker is kept free for larger work that stands before it")
def _(world: World) -> Waits:
    world.client("c", slots=9, offers={"cores": 2.0})
    for cores in (1, 2, *(1 for _ in range(reservations.PASSES))):
        world.submit(job(task("a", needs={"cores": cores}), submitted=world.now.seconds))
        world.pass_time(1)
    for _ in range(reservations.PASSES):
        world.report(world.checkout_many("c", most=1)[0])
    world.checkout_many("c")
    return told(world)


def crowded(**limits: Most) -> World:
    """A world with such limits, in which a client of a group has a workunit."""
    world = World(Limits(**limits))  # type: ignore[arg-type]
    world.client("c", "g", slots=9)
    told(world)
    world.checkout("c")
    return world


@situation("as many workunits of its user run as may")
def _(_: World) -> Waits:
    return told(crowded(user_out=Most(work=1)))


@situation("as many cores are at work for its user as may be")
def _(_: World) -> Waits:
    return told(crowded(user_out=Most(cores=4)), needs={"cores": 3.5})


@situation("it needs more cores than may ever be at work for a user")
def _(_: World) -> Waits:
    return told(crowded(user_out=Most(cores=4)), needs={"cores": 8})


@situation("as many workunits run on the workers of a group as may")
def _(_: World) -> Waits:
    return told(crowded(group_out=Most(work=1)))


@situation("a failure, after which its job asks for a pause")
def _(world: World) -> Waits:
    world.client("c")
    submitted = job(task("a"))
    submitted.job.info.retry = Retry(exit=3, wait="10m")
    world.submit(submitted)
    world.report(world.checkout("c"), "fail", cause=Cause.START)
    return waits(world, submitted.job)


@situation("tasks that come first")
def _(world: World) -> Waits:
    submitted = world.submit(job(task("a"), task("b"), task("c", "a", "b")))
    return waits(world, submitted, 2)


@situation("a job that is to start later")
def _(world: World) -> Waits:
    later = job(task("a"))
    later.job.info.start_at = world.now.time + timedelta(hours=8)
    return waits(world, world.submit(later))


@situation("a job that a person suspended")
def _(world: World) -> Waits:
    submitted = world.submit(job(task("a")))
    world.scheduler.jobs.suspend(submitted.id, world.now)
    return waits(world, submitted)


@situation("a job of which something failed")
def _(world: World) -> Waits:
    world.client("c")
    submitted = world.submit(job(task("a"), noretry=True))
    world.report(world.checkout("c"), "fail", logs={"worknotes": "exit status 1"})
    return waits(world, submitted)


@situation("the queue is suspended")
def _(world: World) -> Waits:
    world.scheduler.suspend_queue(world.now)
    return told(world)


@situation("its files are being found and made")
def _(world: World) -> Waits:
    return waits(world, world.submit(job(task("a", inputs=[1]))))


@situation("a data host does not answer")
def _(world: World) -> Waits:
    submitted = world.submit(job(task("a", inputs=[1])))
    (effect,) = world.scheduler.take_effects()
    assert isinstance(effect, Prepare)
    cause = "get node n1 at http://shock.example: Connection was refused"
    world.scheduler.tasks.waits(effect, cause, 6.0, world.now)
    return waits(world, submitted)


@situation("it has run, and its outputs are being looked at")
def _(world: World) -> Waits:
    world.client("c")
    submitted = world.prepared(job(task("a", outputs=["out"])))
    world.run("c")
    return waits(world, submitted)


@situation("a workunit that runs")
def _(world: World) -> Waits:
    world.client("c")
    world.submit(job(task("a")))
    unit = world.checkout("c")
    return world.scheduler.reasons.work(parse_work_id(unit.wuid), world.now)


ROW = re.compile(r"   \* - (.+)\n     - ``(.+)``\n     - (.+)\n")


def test_the_table_in_the_documentation_is_what_is_told() -> None:
    made = [(about, made.state, made.why) for about, make in SITUATIONS.items() for made in [make(World())]]
    page = (DOCS / "reference" / "reasons.rst").read_text()
    assert [tuple(row) for row in ROW.findall(page)] == made


@pytest.mark.parametrize("about", SITUATIONS)
def test_a_sentence_is_short_and_on_one_line(about: str) -> None:
    why = SITUATIONS[about](World()).why
    assert len(why) <= LONGEST
    assert why.isprintable()
