"""A wall clock that a test can set under running programs, while monotonic time goes on."""

import time
from datetime import UTC, datetime
from pathlib import Path

from awed.model import times


class WallClock:
    """The wall clock of programs that are started by :meth:`python`; *file* says by how much it is off."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, seconds: float) -> None:
        """Let it be off by so many seconds from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)

    def python(self, code: str) -> tuple[str, str]:
        """Python's arguments for a program that goes by this clock."""
        return "-c", f"from tests.integration.wallclock import obey; obey({str(self._file)!r}); {code}"


def obey(file: str) -> None:
    """Let this program go by the clock of *file*. To be called before anything that takes the time is imported."""
    path, right = Path(file), time.time

    def off() -> float:
        return right() + float(path.read_text())

    time.time = off
    times.now = lambda: datetime.fromtimestamp(off(), UTC)
