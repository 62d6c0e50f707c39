"""A task is split by the records of its input where it says so and the input allows it."""

from collections.abc import Awaitable

import pytest
from msgspec.structs import replace
from pytest_twisted import ensureDeferred

from awed.model.errors import Invalid
from awed.model.job import IO, PartInfo, Task
from awed.model.node import NodeIndex
from awed.model.work import Part
from awed.service.splitting import MB, Split, split, split_input
from awed.workflow.values import MOST_WORK
from tests.unit.service.worlds import FakeShock

FASTA = IO(filename="in.fa", host="http://shock.example", node="n", size=10 * MB)
OTHER = IO(filename="other", host="http://shock.example", node="m")


class IndexedShock(FakeShock):
    """Has any index, with so many units; none at all if that is 0."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units

    async def index(self, node_id: str, index: str) -> NodeIndex:
        if not self.units:
            raise Invalid("Invalid file type for filter")
        return NodeIndex(total_units=self.units)


def splitting(shock: FakeShock, task: Task, source: IO = FASTA) -> Awaitable[Split]:
    return split(task, source, shock)


@pytest.mark.parametrize(
    ("totalwork", "maxworksize", "units", "expected"),
    [(4, 0, 10, 4), (4, 0, 3, 3), (1, 3, 10, 4), (1, 10, 10, 1), (7, 5, 10, 2), (4, 0, 1, 1)],
)
@ensureDeferred
async def test_as_many_parts_as_wanted_but_not_more_than_units(
    totalwork: int, maxworksize: int, units: int, expected: int
) -> None:
    task = Task(taskid="t", totalwork=totalwork, maxworksize=maxworksize)
    found = await splitting(IndexedShock(units), task)
    assert found.totalwork == expected
    part = Part("in.fa", "chunkrecord", units, maxworksize) if expected > 1 else None
    assert found.part == part
    assert bool(found.note) == (expected == 1)


@ensureDeferred
async def test_not_more_parts_than_a_task_may_have_whatever_a_host_says_of_a_file() -> None:
    task = Task(taskid="t", maxworksize=1)
    found = await splitting(IndexedShock(2**62), task, replace(FASTA, size=2**62))
    assert found.totalwork == MOST_WORK


@ensureDeferred
async def test_a_file_without_records_is_one_workunit_and_says_why() -> None:
    found = await splitting(IndexedShock(0), Task(taskid="t", totalwork=4))
    assert found == Split(1, note="not split: in.fa has no index chunkrecord: Invalid file type for filter")


@ensureDeferred
async def test_an_empty_file_is_one_workunit() -> None:
    found = await splitting(IndexedShock(5), Task(taskid="t", totalwork=4), IO(filename="in.fa", node="n"))
    assert found.totalwork == 1


def test_the_only_input_is_split_or_the_one_that_partinfo_names() -> None:
    by_name = Task(taskid="t", totalwork=2, partinfo=PartInfo(input="other", index="line"))
    assert split_input(Task(taskid="t", totalwork=2), [FASTA]) is FASTA
    assert split_input(Task(taskid="t", maxworksize=1), [FASTA]) is FASTA
    assert split_input(by_name, [FASTA, OTHER]) is OTHER


@pytest.mark.parametrize("inputs", [[], [FASTA, FASTA], [IO(filename="in", url="http://example.org/in")]])
def test_without_an_input_to_split_a_task_is_an_array(inputs: list[IO]) -> None:
    assert split_input(Task(taskid="t", totalwork=2), inputs) is None


def test_one_workunit_is_not_split() -> None:
    assert split_input(Task(taskid="t"), [FASTA]) is None


def test_partinfo_that_names_no_input_is_ignored() -> None:
    """A single input is split anyway; of several none is."""
    nothing = PartInfo(input="nothing")
    assert split_input(Task(taskid="t", partinfo=nothing), [FASTA]) is None
    assert split_input(Task(taskid="t", totalwork=2, partinfo=nothing), [FASTA]) is FASTA
    assert split_input(Task(taskid="t", totalwork=2, partinfo=nothing), [FASTA, OTHER]) is None
    assert split_input(Task(taskid="t", totalwork=2, partinfo=nothing), []) is None


def test_what_partinfo_names_must_be_in_a_data_store() -> None:
    elsewhere = IO(filename="in", url="http://example.org/in")
    named = PartInfo(input="in")
    with pytest.raises(Invalid, match="input in cannot be split: it is not in a data store"):
        split_input(Task(taskid="t", totalwork=2, partinfo=named), [FASTA, elsewhere])
    assert split_input(Task(taskid="t", partinfo=named), [FASTA, elsewhere]) is None
