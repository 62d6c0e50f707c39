"""Calls of functions travel to a worker's Python and back: values, exceptions with traceback, large outcomes."""

import pickle
import sys
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any

import msgspec
import pytest

from awed.client import functions, remote
from awed.client.batch import Batch
from awed.client.functions import Outcome, Packed, RemoteTraceback, large, packed, said, task_of
from awed.workflow.reader import read_submission


class Odd(Exception):
    """Cannot be unpickled: pickle calls it with one argument."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("odd")


def odd() -> None:
    raise Odd(1, 2)


class Ends:
    """Ends the program that unpickles it, as a module may that is imported for it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.exit, ()


class EndsAsError(Ends, Exception):
    pass


def told(calls: Packed, rank: int = 0) -> Outcome:
    """What comes back of *calls*."""
    outcome = said(b2a_base64(remote.outcome(calls.data, calls.version, rank)).decode())
    assert outcome is not None
    return outcome


def one(function: Callable[..., Any], *args: Any) -> Packed:
    return packed(function, [[(args, {})]])


def test_each_rank_has_the_values_of_its_chunk() -> None:
    calls = packed(divmod, [[((7, 2), {}), ((9, 3), {})], [((1, 1), {})]])
    assert told(calls, 1) == Outcome([(3, 1), (3, 0)])
    assert told(calls, 2) == Outcome([(1, 0)])


def test_functions_without_a_name_and_their_values_are_sent_whole() -> None:
    class Local:
        pass

    assert isinstance(told(one(lambda kind: kind(), Local)).values[0], Local)


@pytest.mark.parametrize(("function", "text"), [(partial(int, "x"), "invalid literal"), (odd, "odd")])
def test_an_exception_has_the_remote_traceback_as_its_cause(function: Callable[[], Any], text: str) -> None:
    error = told(one(function)).error
    assert error is not None
    assert text in str(error)
    assert isinstance(error.__cause__, RemoteTraceback)
    assert "Traceback" in str(error.__cause__)


def test_a_value_that_cannot_be_pickled_is_a_failure() -> None:
    assert "pickle" in str(told(one(Lock)).error)


def test_what_ends_the_program_that_reads_it_is_a_failure() -> None:
    """Else the thread that reads it ended, and the future was never settled."""
    assert "the outcome cannot be read here: SystemExit" in str(told(one(Ends)).error)

    def fail() -> None:
        raise EndsAsError("said")

    assert "EndsAsError: said" in str(told(one(fail)).error)


def test_another_python_is_told_how_to_choose_one() -> None:
    calls = Packed(pickle.dumps((b"", [b""])), "2.7")
    here = "{}.{}".format(*sys.version_info)
    assert f"is of Python 2.7, and this worker's is {here}" in str(told(calls).error)


def test_without_cloudpickle_what_workers_do_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "dumps", pickle.dumps)
    monkeypatch.setattr(odd, "__module__", "__main__")
    with pytest.raises(pickle.PicklingError, match=r"pip install awed\[cloudpickle\]"):
        one(odd)
    assert told(one(pow, 2, 3)).values == [8]


def test_large_outcomes_are_found_by_their_rank(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = b""
    for rank in (1, 3):
        found = remote.outcome(one(bytes, remote.LARGE).data, "", 0)
        written += b"%016x%016x" % (rank, len(found)) + found
    assert [(rank, len(outcome.values[0])) for rank, outcome in large(written)] == [
        (1, remote.LARGE),
        (3, remote.LARGE),
    ]
    assert said(f"{remote.RESULT}\n") is None


@pytest.mark.parametrize("text", ["", "no base64", b2a_base64(b"no pickle").decode()])
def test_what_is_no_outcome_is_told(text: str) -> None:
    outcome = said(text)
    assert outcome is not None
    assert "outcome" in str(outcome.error)


@pytest.mark.parametrize("size", [10, functions.INLINE])
def test_the_task_is_taken_by_the_server_and_its_text_left_alone_by_the_worker(size: int) -> None:
    calls = packed(len, [[((b"x" * size,), {})]] * 2)
    task = task_of(calls, 2, {"host": "http://h", "node": "n"}, {"cores": 2}, "")
    assert bool(task["predata"]) is (size == functions.INLINE)
    document = msgspec.json.encode({"tasks": [task]})
    read_submission(document, now=datetime.now(UTC), new_id=lambda: "id")
    assert not [mark for mark in ("${", "@calls", "@result") if mark in task["cmd"]["args_array"][2]]


def batch(chunks: int, cancelled: Callable[[Batch], None] = lambda batch: None) -> Batch:
    return Batch("f", Packed(b"", ""), chunks, cancelled)


def test_a_call_has_its_value_and_a_chunk_a_list_of_them() -> None:
    for chunks, result in ((0, 7), (1, [7]), (2, [7])):
        calls = batch(chunks)
        for rank, future in calls.open.items():
            calls.settle(rank, Outcome([7]))
            assert future.result() == result
        assert not calls.open


def test_what_a_worker_has_cannot_be_cancelled_and_the_rest_wakes_who_waits() -> None:
    gone: list[Batch] = []
    calls = batch(3, gone.append)
    first, second, third = calls.open.values()
    calls.begin(1)
    calls.begin(1)
    assert [first.cancel(), second.cancel(), second.cancel()] == [False, True, True]
    assert wait([second], timeout=0).done == {second}
    calls.settle(2, Outcome([1]))
    calls.settle(1, Outcome([1]))
    calls.settle(1, Outcome([2]))
    assert first.result() == [1]
    assert not gone
    assert third.cancel()
    assert gone == [calls]


def test_a_failure_is_of_all_that_is_open() -> None:
    calls = batch(2)
    futures: Sequence[Any] = list(calls.open.values())
    calls.settle(1, Outcome([1]))
    calls.fail(OSError("gone"))
    assert futures[0].result() == [1]
    assert isinstance(futures[1].exception(), OSError)
