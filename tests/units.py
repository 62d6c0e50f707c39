"""The units of systemd in ``etc/``, as systemd reads them."""

import re
import shlex
from pathlib import Path

ETC = Path(__file__).parents[1] / "etc"
UNITS = ("awed.service", "awed.socket", "awe-worker@.service")
PROGRAMS = "/opt/awed/bin"


def settings(unit: str) -> dict[str, list[str]]:
    """The settings of a unit, each with all that is assigned to it."""
    found: dict[str, list[str]] = {}
    for line in (ETC / unit).read_text().splitlines():
        name, mark, value = line.partition("=")
        if mark and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def command(unit: str, **specifiers: str) -> list[str]:
    """What a unit starts, its specifiers (``%i``) replaced: the program and its arguments."""
    [line] = settings(unit)["ExecStart"]
    return shlex.split(re.sub(r"%(\w)", lambda match: specifiers[match[1]], line))
