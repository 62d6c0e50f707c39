"""How long after a line was written ``awe logs -f`` prints it, with many commands that write at once."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.common import clients
from bench.common.figures import Figure
from bench.common.program import ROOT, Server, fresh_daemon, workers

COMMANDS, LINES = 100, 10
PAUSE = 0.7
"""Seconds between two lines of a command."""

SCRIPT = f"for i in $(seq {LINES}); do echo $EPOCHREALTIME; sleep {PAUSE}; done"


def measure(runs: int) -> Iterator[list[Figure]]:
    with fresh_daemon() as daemon, workers(daemon, 1, "--slots", str(COMMANDS)):
        for _ in range(runs):
            late = sorted(_followed(daemon))
            yield [
                Figure(f"{COMMANDS} commands: a line, half of them", statistics.median(late), "s"),
                Figure(f"{COMMANDS} commands: the slowest of {COMMANDS * LINES:,} lines", late[-1], "s", at_most=2),
            ]


def _followed(daemon: Server) -> list[float]:
    """Seconds from the writing of each line to its being printed."""
    document = clients.job(work=COMMANDS)
    document["tasks"][0] |= {
        "cmd": {"name": "bash", "args_array": ["-c", SCRIPT]},
        "resources": {"cores": 0.01},
    }
    job = clients.submit(daemon.address, document)["id"]
    command = [sys.executable, "-m", "awed.cli", "--server", daemon.url, "logs", "-f", job]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as awe:
        assert awe.stdout is not None
        late = [time.time() - float(line.rpartition("|")[2]) for line in awe.stdout]
    if len(late) != COMMANDS * LINES:
        raise SystemExit(f"{len(late)} lines were printed of {COMMANDS * LINES}")
    return late
