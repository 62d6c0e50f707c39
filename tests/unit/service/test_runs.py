"""The latest runs: put together from the feed, from where one has come to, and bounded."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.task import Clock

from awed.model.feed import StateChange, Subject, WorkEvent
from awed.model.records import Batch
from awed.model.times import NO_TIME
from awed.service import runs as module
from awed.service.feed import Feed, Keep
from awed.service.runs import Runs
from awed.tx.turns import Turns
from tests.unit.api.served import done
from tests.unit.service.worlds import T0
from tests.unit.store.memory import MemoryStore

HOUR = 3600.0


class History:
    """What happens to workunits at client ``c``, and those who look at it later."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.feed = Feed(self.store, self.clock, self.now, Keep())
        self.runs = self.looker()

    def now(self) -> datetime:
        return T0 + timedelta(seconds=self.clock.seconds())

    def looker(self) -> Runs:
        return Runs(self.feed, Turns(self.clock), self.now, timedelta(hours=2))

    async def happen(self, *changes: tuple[str, str], after: float = 60) -> None:
        self.clock.advance(after)
        told = [StateChange(Subject.WORK, work, state, client="c") for work, state in changes]
        pages = self.feed.numbered(told)
        await self.store.commit(Batch(feed=pages))
        self.feed.committed(Batch(feed=pages), 0)

    async def shown(self, runs: Runs | None = None) -> list[tuple[str, float, float, str]]:
        """Each run: its work, from which to which minute, and how it ended."""
        looked = runs or self.runs
        await looked.read()
        return [
            (run.change.about, self._minute(run.begun), self._minute(run.ended), run.state.value)
            for run in looked.runs
        ]

    def _minute(self, time: datetime) -> float:
        return -1 if time == NO_TIME else (time - T0).total_seconds() / 60


@pytest.fixture
def history() -> History:
    made = History()
    done(made.store.open())
    return made


def both(works: Iterable[str], state: str) -> list[tuple[str, str]]:
    return [(work, state) for work in works]


@ensureDeferred
async def test_a_run_lasts_from_its_checkout_to_its_end(history: History) -> None:
    await history.happen(("a", "checkout"), ("b", "checkout"))
    assert await history.shown() == [("a", 1, -1, "checkout"), ("b", 1, -1, "checkout")]
    await history.happen(("a", "done"), ("b", "failed"), ("b", "queued"))
    await history.happen(("b", "checkout"))
    await history.happen(("b", "queued"))
    await history.happen(("b", "done"))  # late, from whom it was taken back
    expected = [("a", 1, 2, "done"), ("b", 1, 2, "failed"), ("b", 3, 4, "queued")]
    assert await history.shown() == expected
    assert await history.shown(history.looker()) == expected


@ensureDeferred
async def test_what_ended_long_ago_is_not_read_and_is_forgotten(history: History) -> None:
    await history.happen(*both("abc", "checkout"))
    await history.happen(("a", "done"))
    assert len(await history.shown()) == 3
    await history.happen(("b", "done"), after=2 * HOUR + 60)
    assert await history.shown() == [("b", 1, 123, "done"), ("c", 1, -1, "checkout")]
    late = history.looker()
    assert await history.shown(late) == [("b", -1, 123, "done")]
    assert late.since == history.now() - timedelta(hours=2)


@ensureDeferred
async def test_no_more_is_remembered_than_is_said(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 3)
    monkeypatch.setattr(module, "MOST_READ", 6)
    for work in "abcde":
        await history.happen((work, "checkout"))
    assert [work for work, *_ in await history.shown()] == ["c", "d", "e"]
    assert history.runs.since == T0 + timedelta(minutes=2)
    for work in "fghi":
        await history.happen((work, WorkEvent.CHECKOUT), (work, WorkEvent.DONE))
    assert [work for work, *_ in await history.shown()] == ["g", "h", "i"]
