"""Commands with their whole families: started, seen to end, killed."""

import errno
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from awed.worker.errors import WorkFailed
from awed.worker.logs import LogFiles, Logs
from awed.worker.orphans import Orphans
from awed.worker.process import Process, how_it_ended, start
from tests.waiting import gone, until

REACTOR: Any = reactor
ENVIRON = {"PATH": os.environ["PATH"], "AWE_CLIENTID": "c", "AWE_WORKID": "w", "AWE_ATTEMPT": "1"}


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    logs = Logs(LogFiles(tmp_path, Path.unlink))
    yield logs
    logs.close()


def run(argv: list[str], directory: Path, logs: Logs) -> Process:
    return start(REACTOR, argv, ENVIRON, directory, logs, orphans=Orphans("c", REACTOR))


def shell(script: str, directory: Path, logs: Logs) -> Process:
    return run(["/bin/sh", "-c", script], directory, logs)


async def children(path: Path, count: int) -> list[int]:
    """The process ids that a script has written into a file."""
    await until(lambda: len(_pids(path)) >= count)
    return _pids(path)


def _pids(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


@pytest_twisted.ensureDeferred
async def test_output_goes_to_the_files_and_the_end_is_told(tmp_path: Path, logs: Logs) -> None:
    process = shell("pwd; echo oops >&2; echo ${HOME-unset}; exit 3", tmp_path, logs)
    ended = await process.ended()
    assert ended.status == 3
    assert ended.max_rss == 0
    assert logs.read()[:2] == (f"{tmp_path}\nunset\n".encode(), b"oops\n")
    assert await process.ended() == ended


@pytest_twisted.ensureDeferred
async def test_peak_memory_is_the_command_s_own(tmp_path: Path, logs: Logs) -> None:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    large = own + (64 << 20)
    ended = await run([sys.executable, "-Sc", f"bytearray({large})"], tmp_path, logs).ended()
    assert large <= ended.max_rss < large + (64 << 20)


@pytest_twisted.ensureDeferred
async def test_a_command_that_cannot_be_watched_does_not_run(
    tmp_path: Path, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(pid: int) -> int:
        seen.append(pid)
        raise OSError(errno.EMFILE, "Too many open files")

    seen: list[int] = []
    monkeypatch.setattr(os, "pidfd_open", too_many)
    with pytest.raises(WorkFailed, match="cannot watch sleep: Too many open files"):
        run(["sleep", "1000"], tmp_path, logs)
    await gone(seen[0])


@pytest_twisted.ensureDeferred
async def test_a_signal_that_kills_is_told_as_a_negative_status(tmp_path: Path, logs: Logs) -> None:
    ended = await shell("kill -SEGV $$", tmp_path, logs).ended()
    assert how_it_ended(ended.status) == "killed by signal 11 (SIGSEGV)"


def test_how_it_ended_in_words() -> None:
    assert how_it_ended(3) == "exit status 3"
    assert how_it_ended(-9) == "killed by signal 9 (SIGKILL)"
    assert how_it_ended(-40) == "killed by signal 40"


@pytest_twisted.ensureDeferred
async def test_it_has_a_session_of_its_own_and_nothing_to_read(tmp_path: Path, logs: Logs) -> None:
    process = run(["sleep", "100"], tmp_path, logs)
    assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid
    await process.kill(REACTOR, 10)
    assert (await run(["cat"], tmp_path, logs).ended()).status == 0


@pytest_twisted.ensureDeferred
async def test_programs_may_come_and_go(tmp_path: Path, logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is put before another on the PATH is the one that runs, and when it is removed the other does."""

    async def status() -> int:
        return (await run(["prog"], tmp_path, logs).ended()).status

    def install(number: int) -> Path:
        program = tmp_path / f"bin{number}" / "prog"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\nexit {number}\n")
        program.chmod(0o755)
        return program

    monkeypatch.setitem(ENVIRON, "PATH", f"{tmp_path}/bin1:{tmp_path}/bin2")
    install(2)
    assert await status() == 2
    first = install(1)
    assert await status() == 1
    first.unlink()
    assert await status() == 2


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("no-such-program", "command not found: no-such-program"),
        ("/no/such/program", "command not found: /no/such/program"),
        ("./plain", "cannot execute ./plain: Permission denied"),
        ("./broken", "cannot execute ./broken: the interpreter that it names is missing"),
        ("./binary", "cannot execute ./binary: Exec format error"),
    ],
)
def test_what_cannot_be_executed_is_told_in_words(tmp_path: Path, logs: Logs, program: str, text: str) -> None:
    (tmp_path / "plain").write_text("")
    here = ("no-such-program", "#!/bin/sh\n")  # which is not on the PATH
    for name, content in (here, ("broken", "#!/no/such/interpreter\n"), ("binary", "\x01\x02")):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    with pytest.raises(WorkFailed) as failed:
        run([program.replace("./", f"{tmp_path}/")], tmp_path, logs)
    assert str(failed.value) == text.replace("./", f"{tmp_path}/")


def test_an_argument_that_no_command_can_have_is_told(tmp_path: Path, logs: Logs) -> None:
    with pytest.raises(WorkFailed, match=r"^cannot execute echo: ."):
        run(["echo", "a\0b"], tmp_path, logs)


@pytest_twisted.ensureDeferred
async def test_children_die_with_their_command(tmp_path: Path, logs: Logs) -> None:
    """What is left in the background when a command ends is not left to run."""
    await shell("sleep 1000 & echo $! > pids; exit 0", tmp_path, logs).ended()
    (child,) = await children(tmp_path / "pids", 1)
    await gone(child)


@pytest_twisted.ensureDeferred
async def test_kill_reaches_grandchildren(tmp_path: Path, logs: Logs) -> None:
    process = shell("sh -c 'sh -c \"echo \\$\\$; sleep 1000\" & echo $$; wait' > pids & wait", tmp_path, logs)
    family = await children(tmp_path / "pids", 2)
    ended = await process.kill(REACTOR, 10)
    assert ended.status == -signal.SIGTERM
    for pid in family:
        await gone(pid)


@pytest_twisted.ensureDeferred
async def test_who_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path, logs: Logs) -> None:
    process = shell("trap '' TERM; echo $$ > pids; while true; do sleep 0.05; done", tmp_path, logs)
    await children(tmp_path / "pids", 1)
    clock = Clock()
    killed = Deferred.fromCoroutine(process.kill(clock, 10))
    clock.advance(9.9)
    assert process.signal(0)
    assert not killed.called
    clock.advance(0.1)
    assert (await killed).status == -signal.SIGKILL


@pytest_twisted.ensureDeferred
async def test_a_child_that_ignores_sigterm_is_killed_though_its_parent_has_ended(tmp_path: Path, logs: Logs) -> None:
    process = shell("(trap '' TERM; echo ready > pids; sleep 1000; sleep 1000) & wait", tmp_path, logs)
    await until((tmp_path / "pids").exists)
    clock = Clock()
    killed = Deferred.fromCoroutine(process.kill(clock, 10))
    await process.ended()
    assert process.signal(0)
    clock.pump([0.1] * 99)
    assert not killed.called
    clock.pump([0.1] * 2)
    await killed
    await until(lambda: not process.signal(0))


@pytest_twisted.ensureDeferred
async def test_to_kill_what_has_ended_is_nothing(tmp_path: Path, logs: Logs) -> None:
    process = run(["true"], tmp_path, logs)
    ended = await process.ended()
    assert await process.kill(REACTOR, 10) == ended
