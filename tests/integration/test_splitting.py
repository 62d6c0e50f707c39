"""Tasks that are split over several workers by the records of an input, and merged again."""

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from tests.integration.daemon import Daemon
from tests.integration.jobs import content, ended, job, shell, start, uploaded

pytestmark = pytest.mark.slow

PART_MB = 1
"""``maxworksize`` of the test with much data: each of four workers gets as much."""

DIGEST = r"""
import os, pathlib, re, sys, time, zlib
marks = pathlib.Path(sys.argv[1])
(marks / os.environ["AWE_RANK"]).touch()
while len([*marks.iterdir()]) < int(os.environ["AWE_TOTALWORK"]):
    time.sleep(0.02)
text = open("reads").read()
RECORDS
open("copy", "w").write(text)
open("digest", "w").writelines(f"{zlib.crc32(repr(record).encode())}\n" for record in records)
"""
"""Copies its reads and writes a line for each record. No workunit ends before all have begun, each at a worker."""

FASTA = r"""
begin, *records = re.split("(?m)^(?=>)", text)
assert not begin and text.endswith("\n")
"""

FASTQ = r"""
records = list(zip(*[iter(text.splitlines())] * 4, strict=True))
assert all(r[0][0] == "@" and r[2] == "+" and len(r[1]) == len(r[3]) for r in records)
"""


def fasta(chance: random.Random) -> Iterator[str]:
    """Records of several lines, with a ``>`` that begins none."""
    while True:
        letters = "".join(chance.choices("ACGT", k=chance.randrange(1, 5000)))
        lines = [letters[at : at + 70] for at in range(0, len(letters), 70)]
        yield "\n".join([f">read{len(letters)} > {lines[-1]}", *lines, ""])


def fastq(chance: random.Random) -> Iterator[str]:
    """Records whose qualities look like the beginning of a record."""
    while True:
        letters = "".join(chance.choices("ACGT", k=chance.randrange(10, 300)))
        yield f"@read{len(letters)}\n{letters}\n+\n{'@read'.ljust(len(letters), '@')}\n"


def reads(records: Callable[[random.Random], Iterator[str]]) -> bytes:
    """As many of *records* as four workunits take, the same ones each time."""
    texts: list[str] = []
    size = 0
    for text in records(random.Random(0)):
        size += len(text)
        if size > 4 * PART_MB * 1024 * 1024:
            break
        texts.append(text)
    return "".join(texts).encode()


def digest(source: dict[str, Any], script: str, marks: Path, **options: Any) -> dict[str, Any]:
    """A task that reads *source*."""
    marks.mkdir()
    command = ["-c", DIGEST.replace("RECORDS", script), str(marks)]
    outputs = [{"filename": "copy"}, {"filename": "digest"}]
    return {"cmd": {"name": sys.executable, "args_array": command}, "inputs": [source], "outputs": outputs, **options}


@pytest.mark.parametrize(("records", "script"), [(fasta, FASTA), (fastq, FASTQ)], ids=["fasta", "fastq"])
@ensureDeferred
async def test_the_parts_at_four_workers_are_the_whole_and_no_record_is_cut(
    server: Daemon, records: Callable[[random.Random], Iterator[str]], script: str
) -> None:
    for name in ("one", "two", "three", "four"):
        start(server, name)
    data = reads(records)
    source = await uploaded(server, "reads", data)
    split = digest(source, script, server.stage.folder / "split", maxworksize=PART_MB)
    unsplit = digest(source, script, server.stage.folder / "unsplit")
    done = await ended(server, job(split, unsplit, noretry=True))
    assert done["state"] == "completed", done
    parts, whole = done["tasks"]
    assert (parts["totalwork"], whole["totalwork"]) == (4, 1)
    copy, digests = [await content(output) for output in parts["outputs"]]
    assert copy == data
    assert digests == await content(whole["outputs"][1])


# How a document says it.

FIVE = "".join(f">{number}\nACGT\nACGT\n" for number in range(1, 6)).encode()


def counting(*inputs: dict[str, Any], **options: Any) -> dict[str, Any]:
    """A task that counts the lines of all its inputs."""
    script = "\n".join(f"wc -l < {file['filename']} >> counts" for file in inputs)
    return shell(script, inputs=list(inputs), outputs=[{"filename": "counts"}], **options)


async def counts(daemon: Daemon, task: dict[str, Any]) -> list[int]:
    """What it counts, rank after rank."""
    done = await ended(daemon, job(task, noretry=True))
    assert done["state"] == "completed", done
    return [int(line) for line in (await content(done["tasks"][0]["outputs"][0])).split()]


@ensureDeferred
async def test_totalwork_splits_the_only_input(farm: Daemon) -> None:
    """By its chunks: there are no more workunits than it has."""
    line = b"@" * 99 + b"\n"
    record = b"@r\n" + b"A" * 99 + b"\n+\n" + line
    source = await uploaded(farm, "reads", record * 15_000)
    found = await counts(farm, counting(source, totalwork=9))
    assert len(found) == -(-len(record) * 15_000 // 1024**2)
    assert sum(found) == 60_000
    assert {lines % 4 for lines in found} == {0}


@pytest.mark.parametrize(("index", "lines"), [("line", [8, 7]), ("record", [9, 6])])
@ensureDeferred
async def test_partinfo_names_the_input_that_is_split_and_the_index(
    farm: Daemon, index: str, lines: list[int]
) -> None:
    """The others are whole in each workunit."""
    whole, split = await uploaded(farm, "whole", b"\n" * 100), await uploaded(farm, "split", FIVE)
    task = counting(whole, split, totalwork=2, partinfo={"input": "split", "index": index})
    assert await counts(farm, task) == [100, lines[0], 100, lines[1]]


@ensureDeferred
async def test_partinfo_limits_the_size_of_a_part(farm: Daemon) -> None:
    split = await uploaded(farm, "split", b"0123456789abcde\n" * 100_000)
    task = counting(split, partinfo={"input": "split", "index": "line", "maxpartsize_mb": 1})
    assert await counts(farm, task) == [50_000, 50_000]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no records\n", "reads has no index chunkrecord"),
        (b">1\nA\n", "reads has 1 unit(s)"),
        (b"", "reads is empty"),
    ],
)
@ensureDeferred
async def test_what_cannot_be_split_is_one_workunit_and_an_event_says_why(
    daemon: Daemon, data: bytes, reason: str
) -> None:
    start(daemon)
    source = await uploaded(daemon, "reads", data)
    assert await counts(daemon, counting(source, totalwork=3)) == [data.count(b"\n")]
    await daemon.stop()  # its log is complete then
    events = map(json.loads, (daemon.data / "logs" / "event.log").read_text().splitlines())
    [text] = [event["text"] for event in events if event["code"] == "TQ"]
    assert text.startswith(f"not split: {reason}")
