"""The nodes that a document reads are asked for as the job would ask, and nobody waits long for a silent host."""

from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from awed.model.access import User
from awed.model.job import IO, OWN_HOST
from awed.model.node import Node
from awed.model.remarks import Remark
from awed.service.checking import OWN_PATIENCE, PATIENCE
from awed.workflow.faults import Place
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, state_of

PLACE: Place = ("tasks", 0, "inputs", 0)


def reads(node: str, host: str = "http://shock.example") -> dict[Place, IO]:
    return {PLACE: IO(filename="in", host=host, node=node)}


class Silent:
    """Never answers."""

    def node(self, node_id: str) -> Deferred[Node]:
        return Deferred()


@ensureDeferred
async def test_a_node_that_is_not_there_or_has_no_file_is_told_with_its_place(world: EngineWorld) -> None:
    checks = world.engine.checks
    assert await checks.unreadable(reads(world.shock.put()), User("ann"), "", []) == []
    (remark,) = await checks.unreadable(reads("n1"), User("ann"), "", [])
    assert (remark.place, remark.text) == ("tasks[0].inputs[0]", "node n1 cannot be read: Node not found")
    empty = await world.shock.create(1, "in")
    (remark,) = await checks.unreadable(reads(empty.id), User("ann"), "", [])
    assert "has no file" in remark.text
    assert set(world.shock.owners) == {"ann"}


@ensureDeferred
async def test_a_silent_host_holds_up_a_check_for_a_while_only(world: EngineWorld) -> None:
    world.shock = Silent()  # type: ignore[assignment]
    checking = state_of(world.engine.checks.unreadable(reads("n"), User(), "", []))
    world.clock.advance(PATIENCE)
    assert await checking == [Remark("tasks[0].inputs[0]", "its host did not say within 10 s whether it is there")]


@ensureDeferred
async def test_a_submission_asks_the_daemons_own_store_alone(world: EngineWorld) -> None:
    world.shock = Silent()  # type: ignore[assignment]
    submission = job(task("0"))
    assert await world.engine.checks.warnings(submission, reads("n"), User()) == []
    checking = state_of(world.engine.checks.warnings(submission, reads("n", OWN_HOST), User()))
    world.clock.advance(OWN_PATIENCE)
    assert await checking == [Remark("tasks[0].inputs[0]", "its host did not say within 1 s whether it is there")]
