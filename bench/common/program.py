"""Programs that stand beside a measurement: the daemon on a directory of its own, and servers to compare it with."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

ROOT = Path(__file__).parents[2]
"""The project's folder."""

CORE = max(os.sched_getaffinity(0))
"""Where server and load run, both, wherever requests are measured: traffic between cores is dear and unstable."""

PATIENCE = 120.0
"""Seconds within which a program must have started."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Program(Struct, frozen=True):
    """A running program."""

    pid: int

    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def fine_cpu(self) -> float:
        """The same to the nanosecond, of the threads that there are."""
        used = 0.0
        for path in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(OSError):  # it has just ended
                used += int((path / "schedstat").read_text().split()[0]) / 1e9
        return used

    def memory(self) -> int:
        """Bytes of it that are in memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def peak(self) -> int:
        """The most bytes of it that were in memory at any time."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024


class Server(Program, frozen=True):
    """One that listens on *address*."""

    address: tuple[str, int]

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.address)


@contextmanager
def daemon(folder: Path, settings: str = "", without: str = "") -> Iterator[Server]:
    """The daemon on *folder*, which may hold what an earlier one left there. Its log is in the folder's ``log``.
    *settings*: lines of its configuration. *without*: lines of Python that are run first and take something away."""
    config = folder / "awed.conf"
    config.write_text(settings)
    program = f"{without}\nfrom twisted.scripts.twistd import run; run()"
    listen = "tcp:0:interface=127.0.0.1"
    options = ["--config", str(config), "--data", str(folder / "data"), "--listen", listen]
    arguments = ["-c", program, "-n", "--pidfile=", "awe", *options]
    with _running(arguments, folder, folder / "data" / "listening") as server:
        yield server


@contextmanager
def fresh_daemon(settings: str = "") -> Iterator[Server]:
    """The daemon on a new directory."""
    with temporary() as folder, daemon(folder, settings) as server:
        yield server


@contextmanager
def workers(server: Server, count: int, *options: str) -> Iterator[list[Program]]:
    """As many ``awe-worker``, with these options, registered at *server*."""
    with temporary() as folder, ExitStack() as stack:
        names = [f"worker-{number}" for number in range(count)]
        yield [stack.enter_context(_worker(server, folder / name, options)) for name in names]


@contextmanager
def _worker(server: Server, folder: Path, options: Sequence[str]) -> Iterator[Program]:
    folder.mkdir()
    arguments = ["-m", "awed.worker", "--server", server.url, "--workdir", str(folder / "work"), *options]
    with _started(arguments, folder) as child:
        _wait_for(folder / "log", child, "registered")
        yield Program(child.pid)


@contextmanager
def constant_server() -> Iterator[Server]:
    """The yardstick: :mod:`bench.common.constant`."""
    with temporary() as folder:
        place = folder / "listening"
        with _running(["-m", "bench.common.constant", str(place)], folder, place) as server:
            yield server


@contextmanager
def file_server(files: Path) -> Iterator[Server]:
    """The yardstick for files in the folder *files*: :mod:`bench.common.files`."""
    with temporary() as folder:
        place = folder / "listening"
        with _running(["-m", "bench.common.files", str(files), str(place)], folder, place) as server:
            yield server


@contextmanager
def temporary() -> Iterator[Path]:
    """A directory that goes with the measurement; TMPDIR says on which disk."""
    with TemporaryDirectory(prefix="awed-bench-") as folder:
        yield Path(folder)


@contextmanager
def _running(arguments: Sequence[str], folder: Path, announced: Path) -> Iterator[Server]:
    """Python with *arguments*, from the moment at which it writes its URL into the file *announced*."""
    announced.unlink(missing_ok=True)
    with _started(arguments, folder) as child:
        host, _, port = _wait_for(announced, child, "\n").split()[0].rpartition("/")[2].rpartition(":")
        yield Server(child.pid, (host, int(port)))


@contextmanager
def _started(arguments: Sequence[str], folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Python with *arguments* in *folder*, where what it says goes into the file ``log``."""
    with (folder / "log").open("ab") as log:
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        child = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environ, stdout=log, stderr=log)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait()


def _wait_for(file: Path, child: "subprocess.Popen[bytes]", text: str) -> str:
    """Wait until *text* stands in *file*: all that stands there."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists() or text not in file.read_text():
        if child.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"a program did not start: see {file.parent}")
        time.sleep(0.001)
    return file.read_text()


@contextmanager
def pinned(core: int = CORE) -> Iterator[None]:
    """This process, and those that it starts meanwhile, on that core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
