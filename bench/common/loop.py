"""The yardstick for commands: shells that run commands one after another."""

import shutil
import subprocess
import time


def loop(commands: int, shells: int) -> float:
    """Seconds in which *shells* parallel shells run the program ``true`` *commands* times in all."""
    script = f"n={commands // shells}; while [ $n -gt 0 ]; do {shutil.which('true')}; n=$((n - 1)); done"
    began = time.perf_counter()
    running = [subprocess.Popen(["/bin/sh", "-c", script]) for _ in range(shells)]
    for shell in running:
        shell.wait()
    return time.perf_counter() - began
