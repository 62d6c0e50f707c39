"""Measures the rate of requests, and the processor time and memory that they cost the server."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from bench.common.figures import Figure
from bench.common.program import Server
from bench.common.wire import Address, Script, play, request


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


class Hold(NamedTuple):
    """How long a request took, the longest that somebody else waited for an answer meanwhile, and the most processor
    time that the server used during one such wait: all in seconds. Where others use the processors as well, or the
    answer is so long that the asker has to work on it, the last one tells more."""

    took: float
    longest: float
    cpu: float


AFTERWARDS = 1.0
"""Seconds for which somebody else goes on asking after the answer: not all is done by then."""


def held(server: Server, asked: bytes) -> Hold:
    """Let the server do something, while somebody else asks for the front page: nobody may hold the reactor."""
    gaps: list[float] = []
    used: list[float] = []
    ended: list[float] = []

    def onlooker() -> Script:
        while not ended or time.perf_counter() < ended[0] + AFTERWARDS:
            sent, cpu = time.perf_counter(), server.fine_cpu()
            yield request("GET", "/")
            gaps.append(time.perf_counter() - sent)
            used.append(server.fine_cpu() - cpu)

    with ProcessPoolExecutor(1) as apart:  # to send the request, and to read the answer, may take long by itself
        asker = apart.submit(_asked, server.address, asked)
        asker.add_done_callback(lambda _: ended.append(time.perf_counter()))
        play(server.address, [onlooker()])
        took = asker.result()
    return Hold(took, max(gaps), max(map(min, gaps, used)))


def _asked(address: Address, asked: bytes) -> float:
    """Send a request and read its answer: how many seconds that took."""
    began = time.perf_counter()

    def script() -> Script:
        (yield asked).whole()

    play(address, [script()])
    return time.perf_counter() - began
