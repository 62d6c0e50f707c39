"""The examples of the documentation, typed as a reader would."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from shutil import copy
from threading import Timer
from typing import IO

from msgspec import Struct

from tests.pages import ROOT, STAYS, Block

PROGRAMS = {
    "twistd": "-c 'from twisted.scripts.twistd import run; run()'",
    "awe": "-m awed.cli",
    "awe-worker": "-m awed.worker",
    "awe-cwl-runner": "-c 'from awed.cli.cwl import main; main()'",
    "python3": "",
}
"""What Python runs for each: tests do not rely on what is installed."""

DEFAULT_PORT = "8001"

PORT = re.compile(r"(?<=:)8\d\d\d\b|(?<== )8\d\d\d\b")
"""Ports as the documentation has them. The real ones are any that are free."""

DIRECTORY = "/tmp/awed"
"""Where the documentation supposes that the reader is."""

END = "--- the end of what the command printed"

PATIENCE = 30.0
"""Seconds that a program may take to print what is expected, or to end."""


class Example(Struct, frozen=True):
    """One command, and what it prints."""

    command: str
    output: str


def examples(text: str) -> Iterator[Example]:
    """The commands of a console block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *lines = part.splitlines(keepends=True)
        more = [line for line in lines if line.startswith(">")]
        yield Example(first + "".join(line[2:] or "\n" for line in more), "".join(lines[len(more) :]))


class Terminal:
    """A shell in a new folder, and beside it programs that stay until :meth:`close`.

    *ports*: the real ones of those in the text, as far as programs have told them.
    """

    def __init__(self, folder: Path, ports: Mapping[str, str]) -> None:
        self.ports = dict(ports)
        self._bin = folder / "bin"
        self._here = folder / "here"
        self._programs: list[subprocess.Popen[str]] = []
        _install(self._bin)
        self._here.mkdir()

    @cached_property
    def _shell(self) -> subprocess.Popen[str]:
        return self._start("bash")

    def give(self, path: Path) -> None:
        """Have a copy of a file in the folder."""
        copy(path, self._here)

    def play(self, block: Block) -> None:
        """Do what a block says. An AssertionError if something else is printed than it shows."""
        if block.caption:
            (self._here / block.caption).write_text(self._real(block.text))
        elif block.is_command:
            for example in examples(block.text):
                pattern = self._pattern(example.output)
                if STAYS in block.classes:
                    output, match = self._begin(example.command, pattern)
                else:
                    output = self._type(example.command)
                    match = pattern.fullmatch(output)
                assert match, f"{block.place}: $ {example.command}{output}"
                self.ports |= {name.removeprefix("port"): real for name, real in match.groupdict().items()}

    def close(self) -> None:
        """End all programs, the last one first."""
        for program in reversed(self._programs):
            program.terminate()
            try:
                program.communicate(timeout=PATIENCE)
            finally:
                program.kill()

    def _type(self, command: str) -> str:
        """Let the shell run a command, which finds nothing to read: what it prints."""
        assert self._shell.stdin
        self._shell.stdin.write(f"{{ {self._real(command)}\n}} </dev/null\nprintf '\\n%s\\n' '{END}'\n")
        self._shell.stdin.flush()
        with _patience(self._shell):
            return "".join(map(_plain, takewhile(f"{END}\n".__ne__, _output(self._shell))))

    def _begin(self, command: str, pattern: re.Pattern[str]) -> tuple[str, re.Match[str] | None]:
        """Start a program that stays, and wait until it printed what is expected: what it printed, and the match."""
        program = self._start("bash", "-c", f"exec {self._real(command)}")
        output = ""
        with _patience(program):
            for line in _output(program):
                output += _plain(line)
                if match := pattern.fullmatch(output):
                    return output, match
        return output, None

    def _start(self, *command: str) -> subprocess.Popen[str]:
        port = self.ports.get(DEFAULT_PORT, "0")
        environment = {
            **os.environ,
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "AWE_SERVER": f"http://127.0.0.1:{port}",
            "LISTEN": f"tcp:{port}:interface=127.0.0.1",
        }
        program = subprocess.Popen(
            command,
            cwd=self._here,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._programs.append(program)
        return program

    def _real(self, text: str) -> str:
        """A command or a file with the real directory, and real ports; 0, any free one, for one not yet known."""
        return PORT.sub(lambda port: self.ports.get(port[0], "0"), text.replace(DIRECTORY, str(self._here)))

    def _pattern(self, expected: str) -> re.Pattern[str]:
        """What fits the text: ``...`` fits anything, alone on a line any lines. An unknown port becomes a group."""
        lines = expected.replace(DIRECTORY, str(self._here)).splitlines()
        text = re.escape("".join(map(_plain, lines)))
        text = re.sub(r"^\\.\\.\\.\\\n", r"(?:.*\\n)*", text, flags=re.MULTILINE).replace(r"\.\.\.", ".*")
        known = dict(self.ports)

        def real(port: re.Match[str]) -> str:
            number = port[0]
            if number in known:
                return known[number]
            known[number] = f"(?P=port{number})"
            return rf"(?P<port{number}>\d+)"

        return re.compile(PORT.sub(real, text))


def _install(folder: Path) -> None:
    """Make commands of our programs. A daemon that is not told where to listen is told it by ``$LISTEN``."""
    folder.mkdir(parents=True)
    listen = 'case "$*" in *--listen*|*--config*) ;; *awe*) set -- "$@" --listen "$LISTEN";; esac\n'
    for name, arguments in PROGRAMS.items():
        file = folder / name
        file.write_text(f'#!/bin/sh\n{listen if name == "twistd" else ""}exec {sys.executable} {arguments} "$@"\n')
        file.chmod(0o755)


@contextmanager
def _patience(program: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a program that takes too long, so that it prints nothing more."""
    timer = Timer(PATIENCE, program.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _output(program: subprocess.Popen[str]) -> IO[str]:
    assert program.stdout
    return program.stdout


def _plain(line: str) -> str:
    """A line without what only makes columns; nothing for a blank one."""
    return " ".join(line.split()) + "\n" if line.strip() else ""
