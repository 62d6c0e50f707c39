"""A long loop leaves the reactor to others after each turn."""

from collections.abc import Iterator

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.template import Tag, flattenString, tags

from awed.tx.turns import TURN, Turns


class Loop:
    """Goes through items that take more than half a turn each, and notes those that came."""

    def __init__(self, clock: Clock, count: int, turns: Turns | None = None) -> None:
        self._clock = clock
        self._turns = turns or Turns(clock)
        self._count = count
        self.came: list[int] = []
        self.running = Deferred.fromCoroutine(self._run())

    async def _run(self) -> None:
        async for item in self._turns(self._items()):
            self.came.append(item)

    def _items(self) -> Iterator[int]:
        for item in range(self._count):
            self._clock.rightNow += TURN * 0.6
            yield item


def test_others_come_in_between() -> None:
    clock = Clock()
    loop = Loop(clock, 5)
    assert loop.came == [0, 1]
    seen: list[list[int]] = []
    clock.callLater(0, lambda: seen.append(list(loop.came)))
    clock.advance(0)
    assert seen == [[0, 1, 2, 3]]
    assert loop.came == [0, 1, 2, 3, 4]
    assert loop.running.called


def test_many_loops_take_one_turn_together_and_go_on_one_after_the_other() -> None:
    clock = Clock()
    turns = Turns(clock)
    loops = [Loop(clock, 4, turns) for _ in range(3)]
    assert [loop.came for loop in loops] == [[0, 1], [0], [0]]
    rounds: list[int] = []

    def others() -> None:
        rounds.append(sum(len(loop.came) for loop in loops))
        if rounds[-1] < 12:
            clock.callLater(0, others)

    clock.callLater(0, others)
    clock.advance(0)
    assert rounds == [6, 8, 10, 12]
    assert [loop.came for loop in loops] == [[0, 1, 2, 3]] * 3


def test_who_is_gone_gets_no_more_turns() -> None:
    clock = Clock()
    loop = Loop(clock, 5)
    loop.running.addErrback(lambda failure: None)
    loop.running.cancel()
    clock.advance(0)
    assert loop.came == [0, 1]


def test_a_template_with_many_items_is_made_in_turns_and_whole() -> None:
    clock, made = Clock(), list[int]()

    def items() -> Iterator[Tag]:
        for item in range(5):
            clock.rightNow += TURN * 0.6
            made.append(item)
            yield tags.li(str(item))

    answers: list[bytes] = []
    flattenString(None, tags.ul(Turns(clock).paced(items()))).addCallback(answers.append)
    assert made == [0, 1]
    seen: list[list[int]] = []
    clock.callLater(0, lambda: seen.append(list(made)))
    clock.advance(0)
    assert seen == [[0, 1, 2, 3]]
    assert answers == [b"<ul><li>0</li><li>1</li><li>2</li><li>3</li><li>4</li></ul>"]
