"""What the program loads when it starts."""

import subprocess
import sys

LOADED = "import sys, awed.daemon.service; print([name for name in sys.modules if 'mongo' in name])"


def test_a_daemon_on_sqlite_loads_no_driver_of_mongodb() -> None:
    """They take as long to load as all the rest."""
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
