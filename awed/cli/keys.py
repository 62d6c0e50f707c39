"""The keys that a person presses on a terminal, one by one."""

import os
import re
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

_NAMES = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b": "escape",
    "\t": "tab",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "delete",
    "\b": "delete",
}
_KEY = re.compile(r"\x1b(?:[\[O][0-9;]*[A-Za-z~])?|.", re.DOTALL)


@contextmanager
def single_keys(terminal: int) -> Iterator[None]:
    """Keys of *terminal*, a file descriptor, can be read as they are pressed, and are not shown."""
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def pressed(terminal: int) -> Iterator[str]:
    """The keys, until the terminal is gone: characters, or the names of those that are none."""
    while data := os.read(terminal, 1024):
        yield from keys_in(data.decode(errors="replace"))


def keys_in(text: str) -> Iterator[str]:
    """The keys that a terminal told as *text*. Those that nobody has a use for are left out."""
    for match in _KEY.finditer(text):
        if (key := _NAMES.get(match[0], match[0])).isprintable():
            yield key
