"""Bytes between transports and files: all of them, in order, at the pace of the slower side."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import StringTransport

from awed.tx.files import Pieces, Slice, cut, write_all
from awed.tx.streams import BATCH, Pump, Sender


class Threads:
    """Work waits until it is let run."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()

        def run() -> None:
            try:
                done.callback(function(*args, **kwargs))
            except OSError:
                done.errback()

        self.jobs.append(run)
        return done

    def run(self, jobs: int = 1000) -> None:
        for _ in range(jobs):
            if self.jobs:
                self.jobs.pop(0)()


class Kept:
    """A receiver that keeps what it gets, or breaks at once."""

    def __init__(self, broken: bool = False) -> None:
        self.pieces: list[bytes] = []
        self.broken = broken
        self.discarded = 0

    def feed(self, data: bytes) -> None:
        if self.broken:
            raise OSError("disk")
        self.pieces.append(data)

    def finish(self) -> bytes:
        return b"".join(self.pieces)

    def discard(self) -> None:
        self.discarded += 1


def pump(receiver: Kept, inline: int = 0) -> tuple[Pump[bytes], Threads, StringTransport, list[Exception]]:
    threads, peer, failures = Threads(), StringTransport(), list[Exception]()
    return Pump(receiver, threads, peer, failures.append, inline), threads, peer, failures


def result(waiting: Deferred[Any]) -> list[Any]:
    results: list[Any] = []
    waiting.addBoth(results.append)
    return results


@given(
    sizes=st.lists(st.sampled_from([1, 1000, BATCH - 1, BATCH, BATCH + 1]), max_size=12),
    inline=st.sampled_from([0, 1000]),
    turns=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_whatever_the_pieces_and_the_threads_do_all_bytes_arrive_in_order(
    sizes: list[int], inline: int, turns: list[bool]
) -> None:
    body = [bytes([number]) * size for number, size in enumerate(sizes)]
    pumped, threads, peer, _ = pump(Kept(), inline)
    for piece, turn in zip(body, turns, strict=False):
        pumped.write(piece)
        if turn:
            threads.run(1)
    end = result(Deferred.fromCoroutine(pumped.finish()))
    threads.run()
    assert end == [b"".join(body)]
    assert peer.producerState == "producing"


def test_what_is_small_needs_no_thread() -> None:
    pumped, threads, _, _ = pump(Kept(), 1000)
    pumped.write(b"x" * 1000)
    assert result(Deferred.fromCoroutine(pumped.finish())) == [b"x" * 1000]
    assert threads.jobs == []


def test_a_receiver_that_breaks_is_told_of_at_once_and_again_at_the_end() -> None:
    receiver = Kept(broken=True)
    pumped, threads, _, failures = pump(receiver)
    pumped.write(b"x" * (BATCH + 1))
    threads.run()
    assert [str(failure) for failure in failures] == ["disk"]
    pumped.write(b"more")
    with pytest.raises(OSError, match="disk"):
        result(Deferred.fromCoroutine(pumped.finish()))[0].raiseException()
    pumped.discard()
    threads.run()
    assert receiver.discarded == 1


def test_what_nobody_wants_is_discarded_when_the_thread_has_ended() -> None:
    receiver = Kept()
    pumped, threads, _, _ = pump(receiver)
    pumped.write(b"x" * (BATCH + 1))
    pumped.discard()
    assert receiver.discarded == 0
    threads.run()
    assert receiver.discarded == 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 4)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), parts=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 100))), size=st.integers(1, 150))
def test_pieces_are_read_and_cut_like_the_bytes_they_stand_for(
    file: Path, data: st.DataObject, parts: list[tuple[int, int]], size: int
) -> None:
    content = file.read_bytes()
    slices = [Slice(file, offset, length) for offset, length in parts]
    whole = b"".join(content[offset : offset + length] for offset, length in parts)
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    pieces = Pieces([b"head", *cut(slices, begin, end), b"", b"tail"])
    read = list(iter(lambda: pieces.read(size), b""))
    assert b"".join(read) == b"head" + whole[begin:end] + b"tail"
    assert all(len(piece) <= size for piece in read)


def test_a_file_that_is_too_short_is_an_error_not_an_end(file: Path) -> None:
    with pytest.raises(OSError, match="6 bytes too short"):
        list(Pieces([Slice(file, 1020, 10)]))


def test_a_consumer_that_has_enough_waits_for_nothing_more(file: Path) -> None:
    threads, consumer = Threads(), StringTransport()
    sender = Sender(Pieces([b"1", b"2", b"3"]), threads)
    sent = result(Deferred.fromCoroutine(sender.send(consumer)))
    threads.run(1)
    assert consumer.value() == b"1"
    sender.pauseProducing()
    threads.run()
    assert consumer.value() == b"1"
    sender.resumeProducing()
    threads.run()
    assert consumer.value() == b"123"
    assert sent == [None]


def test_a_consumer_that_is_gone_ends_the_reading(file: Path) -> None:
    threads, consumer = Threads(), StringTransport()
    pieces = Pieces([b"1", b"2"])
    sender = Sender(pieces, threads)
    sent = result(Deferred.fromCoroutine(sender.send(consumer)))
    sender.pauseProducing()
    threads.run(1)
    sender.stopProducing()
    assert sent[0].check(CancelledError)
    threads.run()
    assert pieces.read(10) == b""


def test_a_file_that_takes_less_at_a_time_gets_everything() -> None:
    class Narrow(io.BytesIO):
        def write(self, data: Any, /) -> int:
            return super().write(bytes(data)[:3])

    file = Narrow()
    write_all(file, b"0123456789")
    assert file.getvalue() == b"0123456789"
