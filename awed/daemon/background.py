"""Tells the twistd in the foreground, which waits where it starts a daemon in the background, how the start went."""

import os
from collections.abc import MutableMapping
from typing import Any

_PIPE = "statusPipe"
"""The option of twistd with the pipe from which the one in the foreground reads its exit status."""


class Foreground:
    """The terminal and the twistd that wait for the start. *twistd*: its options.

    By itself twistd would end well before the daemon listens, and could not tell why it does not.
    """

    def __init__(self, twistd: MutableMapping[str, Any]) -> None:
        self._twistd = twistd
        self._stderr = None if twistd["nodaemon"] else os.dup(2)  # that of the background is /dev/null
        self._pipe: int | None = None

    def keep_waiting(self) -> None:
        """Let it wait until :meth:`tell`. To be called while twistd starts its services."""
        self._pipe, self._twistd[_PIPE] = self._twistd.get(_PIPE), None

    def tell(self, fault: str = "") -> None:
        """Let it end, with status 1 and *fault* on stderr if there is one."""
        pipe, stderr, self._pipe, self._stderr = self._pipe, self._stderr, None, None
        if stderr is not None:
            os.write(stderr, f"awed: {fault}\n".encode() if fault and pipe is not None else b"")
            os.close(stderr)
        if pipe is not None:
            os.write(pipe, b"1 it does not start" if fault else b"0")
            os.close(pipe)
