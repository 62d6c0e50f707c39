"""Functions called at workers: by the example of what people do, and by CPython's own tests of executors.

Of those do not apply:

- ``test_max_workers_negative``: how many calls run at once is a matter of the workers;
- ``test_interpreter_shutdown``, ``test_hang_gh83386`` and ``test_submit_after_interpreter_shutdown``: their scripts
  make an executor of ``concurrent.futures`` by its name, and read what functions print on the program's own stdout.
  Below is the like of the first;
- those of ``test_deadlock``, ``test_init``, ``test_process_pool`` and ``test_thread_pool`` beyond ``ExecutorTest``,
  and of ``test_wait`` and ``test_shutdown`` beyond the common classes: they look at the processes and threads of a
  pool;
- ``test_future`` and part of ``test_as_completed`` use no executor.

``test_cancel_futures`` supposes that a call begins while others are submitted. Here one is waited for.
"""

import subprocess
import sys
import unittest
from collections.abc import Iterator
from concurrent.futures import Future, as_completed
from contextlib import closing
from typing import Any

import pytest

from awed.client import AweExecutor, Client, JobFailed
from tests.integration.terminal import Terminal
from tests.pages import DOCS, ROOT, blocks

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A daemon with a worker, as the how-to pages start them."""
    with closing(Terminal(tmp_path_factory.mktemp("farm") / "index", {})) as terminal:
        for block in blocks(DOCS / "howto" / "index.rst"):
            terminal.play(block)
        yield Client(f"http://127.0.0.1:{terminal.ports['8001']}")


@pytest.fixture
def executor(client: Client) -> Iterator[AweExecutor]:
    with AweExecutor(client) as executor:
        yield executor
    assert client.jobs() == []


def test_values_large_and_small_come_back_in_order(executor: AweExecutor) -> None:
    sizes = [3, 1_000_000, 0, 600_000]
    assert [len(found) for found in executor.map(lambda size: b"x" * size, sizes)] == sizes
    assert executor.submit(len, b"x" * 1_000_000).result() == 1_000_000
    assert list(executor.map(pow, range(7), range(7), chunksize=3)) == list(map(pow, range(7), range(7)))


def test_the_traceback_is_the_remote_one(executor: AweExecutor) -> None:
    error = executor.submit(divmod, 1, 0).exception()
    assert isinstance(error, ZeroDivisionError)
    assert "Traceback" in str(error.__cause__)


def test_a_job_that_fails_or_cannot_be_made_fails_its_call(client: Client) -> None:
    with AweExecutor(client, python="/no/python") as executor:
        assert isinstance(executor.submit(int).exception(), JobFailed)
    with AweExecutor(client, group="*") as executor:
        future = executor.submit(int)
        waiting = client.jobs()
        assert future.cancel() or waiting
    with pytest.raises(ValueError, match="cores"):
        AweExecutor(client, resources={"cores": 0})


def test_the_interpreter_waits_for_calls_that_nobody_waited_for(client: Client) -> None:
    program = f"""if True:
        from awed.client import AweExecutor, Client
        import time
        future = AweExecutor(Client({client.server.url!r})).submit(time.sleep, 0.5)
        future.add_done_callback(lambda future: print("apple", future.exception()))
    """
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert (said.stdout, said.stderr) == ("apple None\n", "")


def adapted(client: Client) -> type[Any]:
    """What CPython's tests need to be told of an executor."""

    class OneBegun(AweExecutor):
        def __init__(self, max_workers: int = 0) -> None:
            super().__init__(client)
            self._futures: list[Future[Any]] = []

        def submit(self, /, *args: Any, **kwargs: Any) -> Any:
            self._futures.append(super().submit(*args, **kwargs))
            return self._futures[-1]

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            if cancel_futures:
                next(as_completed(self._futures))
            self._futures.clear()
            super().shutdown(wait, cancel_futures=cancel_futures)

    class Mixin:
        worker_count = 2
        executor_type = OneBegun
        executor: Any
        test_max_workers_negative = None
        test_interpreter_shutdown = None
        test_submit_after_interpreter_shutdown = None
        test_hang_gh83386 = None

        def setUp(self) -> None:
            super().setUp()  # type: ignore[misc]
            self.executor = self.executor_type()

        def tearDown(self) -> None:
            self.executor.shutdown()
            self.executor = None
            super().tearDown()  # type: ignore[misc]

    return Mixin


CPYTHON = {
    "executor": "ExecutorTest",
    "test_as_completed": "AsCompletedTests",
    "test_wait": "WaitTests",
    "test_shutdown": "ExecutorShutdownTest",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("module", CPYTHON)
def test_it_passes_the_tests_of_cpython(client: Client, module: str) -> None:
    """Where the interpreter has them: Python 3.12 and later, with its package ``test``."""
    package = "test.test_concurrent_futures"
    pytest.importorskip("test.support").use_resources = ["walltime"]
    found = pytest.importorskip(f"{package}.{module}", reason="this interpreter came without its own tests")
    util = pytest.importorskip(f"{package}.util")
    case = type("AweTest", (adapted(client), getattr(found, CPYTHON[module]), util.BaseTestCase), {})
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert result.testsRun > 3
    assert not [text for _, text in (*result.errors, *result.failures)]
    assert not result.skipped
