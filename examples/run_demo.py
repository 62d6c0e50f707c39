"""Run ``lambda.json`` from submission to result, on a daemon and two workers of its own.

Everything happens in a temporary directory, and all that is started is stopped again, also on ^C.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import direct

HERE = Path(__file__).parent
DOCUMENT, GENOME = HERE / "lambda.json", HERE / "lambda_virus.fa"

# twistd, awe-worker and awe, run by this Python so that they need not be on the PATH.
TWISTD = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
WORKER = [sys.executable, "-m", "awed.worker"]
AWE = [sys.executable, "-m", "awed.cli"]

SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
"""Those that end the demo."""

START_LIMIT = 30.0
"""Seconds that the daemon may take to listen."""

GRACE = 15.0
"""Seconds between asking a program to end and killing it."""


def main() -> int:
    """The demo; its exit status is 0 if the job completed and its result is right."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for number in SIGNALS - {signal.SIGINT}:
        signal.signal(number, _leave)
    with TemporaryDirectory(prefix="awed-demo-") as folder:
        try:
            return demonstrate(Path(folder))
        except KeyboardInterrupt:
            print("interrupted; everything is stopped")
            return 130
        except DemoFailed as error:
            print(f"the demo failed: {error}")
            for log in sorted(Path(folder).glob("*.log")):
                print(f"==> the end of {log.name} <==", *log.read_text().splitlines()[-20:], sep="\n")
            return 1


class DemoFailed(Exception):
    """Something did not go as it should; the text says what."""


def demonstrate(folder: Path) -> int:
    """Start everything in *folder*, run the job, and show what came out."""
    with ExitStack() as programs:

        def start(name: str, *command: str) -> subprocess.Popen[bytes]:
            print(f"starting {name}")
            return programs.enter_context(running([*command], folder / f"{name}.log"))

        data = folder / "data"
        listen = "tcp:0:interface=127.0.0.1"  # any free port
        daemon = start("daemon", *TWISTD, "-n", "--pidfile=", "awe", "--data", str(data), "--listen", listen)
        url = address(data / "listening", daemon)
        for name in ("worker-1", "worker-2"):
            start(name, *WORKER, "--server", url, "--workdir", str(folder / name), "--name", name)

        os.environ["AWE_SERVER"] = url
        job = awe("submit", str(DOCUMENT), "--input", str(GENOME), "--wait").strip()
        print(f"\n{(result := awe('get', job, 'report.txt'))}")
        awe("job", job, shown=True)
    if result != direct.report(GENOME.read_text()):
        raise DemoFailed("the report differs from the one that examples/direct.py computes")
    print("\nThe report is what examples/direct.py computes directly. Everything is stopped.")
    return 0


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside the block, and end it with the block. It has a session of its own: no ^C reaches it."""
    with log.open("wb") as output, started(command, stdout=output, stderr=output, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)


@contextmanager
def started(command: list[str], **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, and kill it after the block if it still runs. A signal that comes before it is known that it
    runs has to wait until then.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    unmask = partial(signal.pthread_sigmask, signal.SIG_SETMASK, mask)
    try:
        process = subprocess.Popen(command, preexec_fn=unmask, **how)  # noqa: PLW1509 - there is but one thread
        try:
            unmask()
            yield process
        finally:
            process.kill()
            process.wait()
    finally:
        unmask()


def address(file: Path, daemon: subprocess.Popen[bytes]) -> str:
    """Where the daemon listens, as it writes into *file* once it does."""
    deadline = time.monotonic() + START_LIMIT
    while not file.exists():
        if daemon.poll() is not None:
            raise DemoFailed(f"the daemon ended with status {daemon.returncode}")
        if time.monotonic() > deadline:
            raise DemoFailed(f"the daemon did not listen within {START_LIMIT:.0f} s")
        time.sleep(0.05)
    return file.read_text().split()[0]


def awe(*arguments: str, shown: bool = False) -> str:
    """Type an ``awe`` command. What it prints is *shown*, or returned; its progress is shown in any case."""
    print("$ awe", *(os.path.relpath(word) if os.path.isabs(word) else word for word in arguments))
    with started([*AWE, *arguments], stdout=None if shown else subprocess.PIPE) as process:
        output, _ = process.communicate()
    if process.returncode:
        raise DemoFailed(f"awe {arguments[0]} ended with status {process.returncode}")
    return (output or b"").decode()


def _leave(number: int, _frame: object) -> None:
    """End like an exception would, so that everything is stopped."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
