"""Logs of commands that run: their last bytes, in files of a fixed size, and what was reported afterwards."""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_twisted import ensureDeferred
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from awed.model.errors import NoSpace, StaleAttempt
from awed.model.ids import parse_work_id
from awed.model.work import Cut, Report, ReportStatus, Workunit
from awed.service.livelogs import LiveLogs, _found
from awed.service.livelogs import Run as RunOf
from awed.service.ring import HEAD, Head, Ring
from awed.service.worklogs import LogPart, part_of
from awed.wire.reports import LogPiece
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, state_of
from tests.unit.web.traversal import at_once

P = ParamSpec("P")
T = TypeVar("T")

WRITTEN = bytes(range(256)) * 4


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 60)), max_size=12))
def test_a_ring_has_the_last_bytes_and_each_in_its_place(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    """Whatever comes again, overlaps or is missing."""
    ring = Ring(tmp_path_factory.mktemp("ring") / "ring", Head("w", 1, "stdout", 50))
    end = 0
    for jump, length in steps:
        offset = max(0, end + jump)
        ring.write(offset, WRITTEN[offset : offset + length])
        end = max(end, offset + length) if length else end
        head = ring.head
        assert head.end == end
        assert head.end - 50 <= head.start <= head.end
        for asked in (0, head.start, (head.start + head.end) // 2, head.end, head.end + 7):
            begin, data = ring.read(asked, 1000)
            assert begin == min(max(asked, head.start), head.end)
            assert data == WRITTEN[begin : head.end]


@pytest.mark.parametrize("lost", range(5))
def test_whenever_the_daemon_is_killed_a_ring_has_no_bytes_in_a_wrong_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """Killed before the write number *lost*, or out of disk in the middle of it."""
    ring = Ring(tmp_path / "ring", Head("w", 1, "stdout", 50))
    ring.write(0, WRITTEN[:70])
    kept = count()

    def pwrite(file: int, data: bytes, place: int) -> int:
        return pwritten(file, data if next(kept) < lost else data[: len(data) // 2] if place >= HEAD else b"", place)

    pwritten = os.pwrite
    with monkeypatch.context() as patched, suppress(OSError):
        patched.setattr(os, "pwrite", pwrite)
        ring.write(70, WRITTEN[70:110])
    for known in (ring, *_found(tmp_path, 50)):
        begin, data = known.read(0, 1000)
        assert data == WRITTEN[begin : begin + len(data)] == WRITTEN[begin : known.head.end]
    ring.write(70, WRITTEN[70:110])
    assert ring.read(0, 1000) == (60, WRITTEN[60:110])


@given(st.integers(0, 100), st.integers(0, 20), st.integers(0, 20), st.integers(0, 120))
def test_offsets_of_a_shortened_log_count_what_was_written(size: int, head: int, tail: int, offset: int) -> None:
    if head + tail > size:
        return
    written = WRITTEN[:size]
    kept = written[:head] + b"[line]" + written[size - tail :]
    begin, data, end = part_of(kept, Cut(size, head, 6), offset)
    assert end == size
    assert data == written[begin : begin + len(data)]
    assert begin == offset or (begin == size - tail and head <= offset < begin) or (begin == size < offset)
    assert begin + len(data) in (head, size)


async def out(world: EngineWorld, client: str = "a") -> Workunit:
    await world.submit(job(task("0")))
    await world.client(client)
    return await world.engine.work.checkout(client, None)


async def send(world: EngineWorld, unit: Workunit, offset: int, data: bytes, client: str = "") -> None:
    piece = LogPiece(unit.wuid, unit.attempt, "stdout", offset, data)
    await world.engine.logs.append(client or unit.client, piece)


async def read(world: EngineWorld, unit: Workunit, offset: int = 0, **more: int) -> LogPart:
    return await world.engine.logs.read(parse_work_id(unit.wuid), "stdout", offset, **more)


@ensureDeferred
async def test_a_log_is_read_while_it_is_written_and_afterwards(world: EngineWorld) -> None:
    await world.submit(job(task("0")))
    (job_id,) = world.engine.jobs.held()
    work = parse_work_id(f"{job_id.id}_0_0")
    assert await world.engine.logs.read(work, "stdout", 5) == LogPart(0, 0, b"", 0, complete=False)
    await world.client("a")
    waiting = state_of(world.engine.logs.read(work, "stdout", 0, wait=30))
    unit = await world.engine.work.checkout("a", None)
    world.clock.advance(0)
    assert not waiting.called
    await send(world, unit, 0, b"one\ntwo\n")
    world.clock.advance(0)
    assert waiting.result == LogPart(1, 0, b"one\ntwo\n", 8, complete=False)
    assert await read(world, unit, 4) == LogPart(1, 4, b"two\n", 8, complete=False)
    waiting = state_of(read(world, unit, 8, wait=30))
    logs = {"stdout": "one\ntwo\nthree\n"}
    await world.engine.work.report(Report(unit.wuid, "a", ReportStatus.DONE, logs=logs))
    world.clock.advance(0)
    assert waiting.result == LogPart(1, 8, b"three\n", 14, complete=True)
    assert world.spooled() == []


@ensureDeferred
async def test_who_waits_for_one_stream_hears_of_the_end_also_when_the_other_had_news(world: EngineWorld) -> None:
    unit = await out(world)
    work = parse_work_id(unit.wuid)
    silent, loud = (state_of(world.engine.logs.read(work, name, 0, wait=30)) for name in ("stderr", "stdout"))
    await send(world, unit, 0, b"x")
    world.clock.advance(0)
    assert loud.called
    assert not silent.called
    await world.engine.work.report(Report(unit.wuid, "a", ReportStatus.DONE, logs={"stdout": "x"}))
    world.clock.advance(0)
    assert silent.result == LogPart(1, 0, b"", 0, complete=True)


@ensureDeferred
async def test_who_does_not_have_the_work_writes_no_log(world: EngineWorld) -> None:
    unit = await out(world)
    with pytest.raises(StaleAttempt):
        await send(world, unit, 0, b"x", client="b")
    unit.attempt = 2
    with pytest.raises(StaleAttempt):
        await send(world, unit, 0, b"x")
    assert world.spooled() == []


@ensureDeferred
async def test_the_next_attempt_has_a_log_of_its_own(world: EngineWorld) -> None:
    first = await out(world)
    await send(world, first, 0, b"first")
    world.clock.advance(60)
    await world.engine.tick()
    assert (await read(world, first)).data == b"first"
    await world.client("b")
    second = await world.engine.work.checkout("b", None)
    assert await read(world, second) == LogPart(2, 0, b"", 0, complete=False)
    assert (await read(world, second, attempt=1)).complete
    await send(world, second, 0, b"second")
    assert (await read(world, second)).data == b"second"
    assert len(world.spooled()) == 1


@ensureDeferred
async def test_a_restarted_daemon_goes_on_with_the_logs_of_what_is_out(world: EngineWorld) -> None:
    unit = await out(world)
    await send(world, unit, 0, b"before ")
    (Path(world.folder.name) / "stray").write_bytes(b"?")
    await world.restart()
    assert (await read(world, unit)).data == b"before "
    await send(world, unit, 7, b"after")
    assert (await read(world, unit)).data == b"before after"
    assert len(world.spooled()) == 1


class Slow:
    """An :class:`InThread` whose calls come back when the test lets them."""

    def __init__(self) -> None:
        self.calls: list[tuple[Deferred[Any], Any]] = []

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        back: Deferred[T] = Deferred()
        self.calls.append((back, function(*args, **kwargs)))
        return back

    def let_go(self) -> None:
        back, result = self.calls.pop(0)
        back.callback(result)


@ensureDeferred
async def test_what_comes_between_the_look_and_the_wait_is_not_missed(world: EngineWorld) -> None:
    unit = await out(world)
    await send(world, unit, 0, b"one")
    world.engine.logs._live._in_thread = slow = Slow()
    reading = state_of(read(world, unit, 3, wait=30))
    writing = state_of(send(world, unit, 3, b"two"))
    slow.calls.reverse()
    slow.let_go()
    world.clock.advance(0)
    assert writing.called
    slow.let_go()
    slow.let_go()
    assert reading.result == LogPart(1, 3, b"two", 6, complete=False)


@ensureDeferred
async def test_a_sender_that_leaves_does_not_let_the_next_write_at_the_same_time(tmp_path: Path) -> None:
    slow = Slow()
    logs = LiveLogs(tmp_path, 100, slow, Clock())
    started = Deferred.fromCoroutine(logs.start(lambda run: True))
    slow.let_go()
    assert started.called
    first = Deferred.fromCoroutine(logs.append(RunOf("j_0_0", 1), "stdout", 0, b"x"))
    first.cancel()
    second = Deferred.fromCoroutine(logs.append(RunOf("j_0_0", 1), "stdout", 0, b"xy"))
    assert len(slow.calls) == 1
    slow.let_go()
    slow.let_go()
    assert second.called
    await first.addErrback(lambda failure: failure.trap(CancelledError))


@ensureDeferred
async def test_a_job_takes_its_logs_along(world: EngineWorld) -> None:
    unit = await out(world)
    await send(world, unit, 0, b"x")
    await world.engine.jobs.delete(unit.jobid, full=True)
    assert world.spooled() == []


@ensureDeferred
async def test_logs_leave_so_much_of_the_disk_and_go_on_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = LiveLogs(tmp_path, 100, at_once, Clock(), min_free=50)
    await logs.start(lambda run: True)
    run = RunOf("j_0_0", 1)
    await logs.append(run, "stdout", 0, b"x" * 100)
    monkeypatch.setattr("awed.tx.files.free_bytes", lambda directory: 50)
    await logs.append(run, "stdout", 100, b"y")
    with pytest.raises(NoSpace):
        await logs.append(run, "stderr", 0, b"z")
    assert await logs.read(run, "stdout", 100, 9) == (100, b"y", 101)
    assert await logs.read(run, "stderr", 0, 9) == (0, b"", 0)
    monkeypatch.undo()
    await logs.append(run, "stderr", 0, b"z")
    assert await logs.read(run, "stderr", 0, 9) == (0, b"z", 1)


@ensureDeferred
async def test_files_of_another_size_are_not_gone_on_with(tmp_path: Path) -> None:
    for size in (100, 200):
        logs = LiveLogs(tmp_path, size, at_once, Clock())
        await logs.start(lambda run: True)
        assert not logs.has(RunOf("j_0_0", 1))
        await logs.append(RunOf("j_0_0", 1), "stdout", 0, b"x")
