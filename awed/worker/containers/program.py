"""The program of Docker or Podman, which is called for each thing that is asked of the engine."""

import os
import signal
import subprocess

from awed.worker.errors import WorkFailed

LIMIT = 120.0
"""Seconds that a command of the engine may take, but for those that fetch or run."""

LABEL = "awe.client"
"""The label of containers that names the worker for which they are."""


class Hangs(WorkFailed):
    """The engine does not answer."""


class Program:
    """The engine's own program, at *path*. All methods block: for threads."""

    def __init__(self, kind: str, path: str) -> None:
        self.kind = kind
        self.path = path

    def call(self, *arguments: str, input: bytes = b"") -> str:
        """What it prints. Raises :class:`WorkFailed` with its message if it fails, and :class:`Hangs`."""
        try:
            status, out, err = _ran([self.path, *arguments], input)
        except OSError as error:
            raise WorkFailed(f"{self.kind} {arguments[0]}: {error}") from None
        except subprocess.TimeoutExpired:
            raise Hangs(f"{self.kind} {arguments[0]}: no answer within {LIMIT:g} seconds") from None
        if status:
            said = err.decode(errors="replace").strip()
            raise WorkFailed(f"{self.kind} {arguments[0]}: {said or f'exit status {status}'}")
        return out.decode(errors="replace")

    def has(self, image: str) -> bool:
        """Whether *image* is here. Raises :class:`Hangs`."""
        try:
            self.call("image", "inspect", "--format", "{{.Id}}", image)
        except Hangs:
            raise
        except WorkFailed:
            return False  # if it is for another reason, the fetching tells it
        return True

    def remove(self, *names: str) -> None:
        """Remove containers, and kill what runs in them."""
        if names:
            self.call("rm", "--force", "--volumes", *names)

    def end_left(self, client: str) -> int:
        """Remove the containers that an earlier worker *client* left; how many there were."""
        left = self.call("ps", "--all", "--quiet", "--filter", f"label={LABEL}={client}").split()
        self.remove(*left)
        return len(left)


def _ran(command: list[str], input: bytes) -> tuple[int, bytes, bytes]:
    """Its exit status, stdout and stderr. After LIMIT it is killed, with the programs that it has started."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, process_group=0) as process:  # noqa: S603
        try:
            out, err = process.communicate(input, LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, out, err
