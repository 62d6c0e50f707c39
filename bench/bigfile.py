"""How fast a big file goes up and down, what memory that takes, and whether the daemon answers meanwhile.

``python -m bench.bigfile --megabytes 2048`` for another size than that of ``python -m bench bigfile``.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from multiprocessing import Process
from pathlib import Path
from statistics import median

import click

from bench.common.figures import Figure, medians, show
from bench.common.program import Server, file_server, fresh_daemon, temporary
from bench.common.transfer import download, upload
from bench.common.wire import Script, play, request

MB = 1 << 20

TRANSFERS = 8
"""At once, half of them up and half down, while ``GET /`` is asked for."""

PAUSE = 0.01
"""Seconds from one answer to the next question."""


def measure(runs: int, megabytes: int = 256) -> Iterator[list[Figure]]:
    for _ in range(runs):
        with temporary() as folder:
            file = _filled(folder / "big", megabytes)
            with file_server(folder) as bare, fresh_daemon() as daemon:
                yield _one_run(daemon, bare, file)


def _filled(file: Path, megabytes: int) -> Path:
    block = os.urandom(MB)
    with file.open("wb") as out:
        for _ in range(megabytes):
            out.write(block)
    return file


def _one_run(daemon: Server, bare: Server, file: Path) -> list[Figure]:
    size, before = file.stat().st_size, daemon.peak()
    plain = _rate(size, lambda: download(bare.address, f"/{file.name}", size))
    plain_up = _rate(size, lambda: upload(bare.address, file))
    hashing = _rate(size, lambda: _md5(file))
    nodes: list[str] = []
    up = _rate(size, lambda: nodes.append(upload(daemon.address, file)))
    node = f"/node/{nodes[0]}?download"
    down = _rate(size, lambda: download(daemon.address, node, size))
    growth = daemon.peak() - before
    latency = median(_latencies(daemon, file, node))
    return [
        Figure("a bare Twisted file, down", plain, "MB/s"),
        Figure("a bare Twisted resource, up", plain_up, "MB/s"),
        Figure("md5 alone", hashing, "MB/s"),
        Figure("the daemon, up", up, "MB/s"),
        Figure("the daemon, down", down, "MB/s"),
        Figure("up, to the bare file", up / plain, "", at_least=0.5),
        Figure("up, to the bare resource", up / plain_up, "", at_least=0.5),
        Figure("down, to the bare file", down / plain, "", at_least=0.5),
        Figure("peak memory, growth", growth / MB, "MB", at_most=64),
        Figure(f"GET / during {TRANSFERS} transfers", latency * 1000, "ms", at_most=50),
        Figure("peak memory, growth with those", (daemon.peak() - before) / MB, "MB"),
    ]


def _md5(file: Path) -> str:
    """What nobody can be faster than who takes a file in and knows its md5."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def _rate(size: int, transfer: Callable[[], object]) -> float:
    began = time.perf_counter()
    transfer()
    return size / MB / (time.perf_counter() - began)


def _latencies(daemon: Server, file: Path, node: str) -> list[float]:
    """Seconds that each ``GET /`` took while files went up and down."""
    ups = [Process(target=upload, args=(daemon.address, file)) for _ in range(TRANSFERS // 2)]
    downs = [Process(target=download, args=(daemon.address, node, file.stat().st_size)) for _ in ups]
    took: list[float] = []

    def script() -> Script:
        while all(process.is_alive() for process in (*ups, *downs)):
            began = time.perf_counter()
            yield request("GET", "/")
            took.append(time.perf_counter() - began)
            time.sleep(PAUSE)

    for process in (*ups, *downs):
        process.start()
    play(daemon.address, [script()])
    for process in (*ups, *downs):
        process.join()
    return took


@click.command()
@click.option("--megabytes", default=256, show_default=True, type=click.IntRange(1), help="Size of the file.")
@click.option("--runs", default=1, show_default=True, type=click.IntRange(1), help="Runs of the measurement.")
def main(megabytes: int, runs: int) -> None:
    """Measure with a file of that size."""
    show(f"bigfile, {megabytes} MB", medians(list(measure(runs, megabytes))))


if __name__ == "__main__":
    main()
