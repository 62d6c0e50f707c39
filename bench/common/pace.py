"""How fast something goes, and what it costs the server."""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bench.common.figures import Figure
from bench.common.program import Server
from bench.common.wire import Script, play


class Pace(NamedTuple):
    """Things done in a second, and the server's processor time for each in microseconds."""

    per_second: float
    cpu: float

    def figures(self, name: str, thing: str) -> Iterator[Figure]:
        """Both as figures of one measurement."""
        yield Figure(name, self.per_second, f"{thing}s/s")
        yield Figure(f"{name}, server", self.cpu, f"us CPU/{thing}")


def paced(server: Server, things: int, scripts: Iterable[Script]) -> Pace:
    """Run *scripts*, which do *things* in all."""
    cpu, began = server.cpu(), time.perf_counter()
    play(server.address, scripts)
    took = time.perf_counter() - began
    return Pace(things / took, (server.cpu() - cpu) / things * 1e6)
