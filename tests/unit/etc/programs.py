"""Command lines as they stand in files for containers, understood by the programs themselves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from awed.api.assembly import RESOURCES
from awed.api.openapi import describe
from awed.config import Reading
from awed.config.settings import Config
from awed.daemon.options import Options
from awed.worker.command import main

ROOT = Path(__file__).parents[3]
ETC = ROOT / "etc"

TWISTD = ["twistd", "-n", "--pidfile=", "awe"]


def daemon(command: Sequence[str], files: dict[str, Path]) -> Config:
    """What a command of ``twistd awe`` means. *files*: what lies at the paths that it names.

    Every setting in its file must be known.
    """
    assert list(command[: len(TWISTD)]) == TWISTD
    options = Options()
    options.parseOptions([str(files.get(word, word)) for word in command[len(TWISTD) :]])
    reading: Reading = options.reading
    assert (reading.warnings, reading.ignored) == ([], [])
    return reading.config


def worker(command: Sequence[str], files: dict[str, Path]) -> dict[str, Any]:
    """What a command of ``awe-worker`` means, likewise."""
    program, *words = command
    assert program == "awe-worker"
    for path, file in files.items():
        words = [word.replace(path, str(file)) for word in words]
    return main.make_context(program, words).params


def can_be_asked(path: str) -> bool:
    """Whether the daemon answers GET there without a further word."""
    return "get" in describe(RESOURCES)["paths"].get(path, {})
