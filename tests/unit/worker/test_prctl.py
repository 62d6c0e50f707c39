"""The process attributes that a worker sets."""

import subprocess
import sys

PROBE = """
import ctypes, os
from awed.worker.prctl import keep_to_itself

def is_readable():
    child = os.fork()
    if child == 0:
        try:
            open(f"/proc/{os.getppid()}/environ").read()
            os.listdir(f"/proc/{os.getppid()}/fd")
        except PermissionError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0

if os.geteuid() == 0:  # who may read everything; and whoever changes user is hidden at first
    os.setgid(65534)
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
before = is_readable()
keep_to_itself()
print(before, is_readable())
"""


def test_commands_do_not_look_into_their_worker() -> None:
    told = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert told.stdout == "True False\n"
