"""The table of kinds is whole, and batches merge by it."""

from hypothesis import given
from twisted.internet.defer import Deferred

from awed.model.records import KINDS, Batch, merge
from tests.unit.store.contract import everything
from tests.unit.store.machine import BATCHES
from tests.unit.store.memory import MemoryStore


def test_every_list_of_a_batch_is_in_the_table() -> None:
    """One that is not would be lost without a word."""
    carried = {kind.name for kind in KINDS} | {gone for kind in KINDS for gone in kind.gone}
    assert carried | {"meta", "events", "changes"} == set(Batch.__struct_fields__)


@given(BATCHES, BATCHES)
def test_committing_merged_batches_is_committing_both_in_turn(first: Batch, second: Batch) -> None:
    assert stored(first, second) == stored(merge(first, second))


def stored(*batches: Batch) -> object:
    """All records of a store in memory after these batches, which answers at once."""
    store = MemoryStore()

    async def committed() -> object:
        await store.open()
        for batch in batches:
            await store.commit(batch)
        return await everything(store)

    return Deferred.fromCoroutine(committed()).result
