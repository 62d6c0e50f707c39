"""Moving files to the node store and back."""

import hashlib
from pathlib import Path
from typing import Any

import click
import pytest

from awed.cli.files import output_url
from awed.model.job import IO, Job
from awed.model.states import TaskState
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, job, task


def made(url: str) -> Job:
    """A job with a finished output, one that two tasks have, and one that is not made yet."""
    return job(
        task("a", TaskState.COMPLETED, outputs=[IO("report.txt", host=url, node="n1"), IO("log", url="http://x/1")]),
        task("b", outputs=[IO("log", url="http://x/2"), IO("late.txt")]),
    )


def test_an_upload_prints_a_url_for_documents(server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "x.fa").write_text("ACGT")
    server.on("POST /node", {"id": "n1"})
    assert awe("put", str(tmp_path / "x.fa")) == 0
    assert capsys.readouterr().out == f"{server.url}/node/n1?download\n"


def test_an_output_goes_to_a_file(server: FakeServer, awe: Awe, tmp_path: Path) -> None:
    server.on(f"GET /job/{JOB_ID}", made(server.url))
    server.raw("GET /node/n1?download", (200, b"\x00the report"))
    assert awe("get", JOB_ID, "report.txt", "-o", str(tmp_path / "out")) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_bytes() == b"\x00the report"


def test_an_output_goes_to_standard_output(server: FakeServer, awe: Awe, capsysbinary: Any) -> None:
    server.on(f"GET /job/{JOB_ID}", made(server.url))
    server.raw("GET /node/n1?download", (200, b"\x00the report"))
    assert awe("get", JOB_ID, "report.txt") == 0
    assert capsysbinary.readouterr().out == b"\x00the report"


def test_what_cannot_be_fetched_leaves_the_old_file_alone(server: FakeServer, awe: Awe, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    server.on(f"GET /job/{JOB_ID}", made(server.url))
    server.refuse("GET /node/n1?download", 404, "Node not found")
    assert awe("get", JOB_ID, "report.txt", "-o", str(tmp_path / "out")) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "old"


def test_a_place_where_nothing_can_be_written(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}", made(server.url))
    assert awe("get", JOB_ID, "report.txt", "-o", "/nowhere/out") == 3
    assert capsys.readouterr().err == "awe: /nowhere/out.part: No such file or directory\n"


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("nothing", "no output nothing; it has a/report.txt, a/log, b/log, b/late.txt"),
        ("log", "which log\\? a/log, b/log"),
        ("late.txt", "b/late.txt is not there yet"),
    ],
)
def test_outputs_that_cannot_be_named(wanted: str, text: str) -> None:
    with pytest.raises(click.UsageError, match=text):
        output_url(made("http://h"), wanted)


def test_an_output_that_workers_brought_elsewhere_is_told_with_its_place(
    server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any
) -> None:
    url = "s3://results/sorted"
    server.on(f"GET /job/{JOB_ID}", job(task("a", TaskState.COMPLETED, outputs=[IO("sorted", url=url)])))
    assert awe("get", JOB_ID) == 0
    assert capsys.readouterr().out.split() == ["output", "size", "a/sorted", url]
    assert awe("get", JOB_ID, "sorted") == 2
    assert capsys.readouterr().err == f"awe: a/sorted is at {url}: its worker has brought it there\n"
    assert awe("get", JOB_ID, "--all", "-o", str(tmp_path)) == 0
    assert f"awe: a/sorted is at {url}\n" in capsys.readouterr().err


def test_a_job_without_outputs() -> None:
    with pytest.raises(click.UsageError, match=r"no output x; it has none$"):
        output_url(job(task("a")), "x")


def test_an_output_by_task() -> None:
    assert output_url(made("http://h"), "b/log") == "http://x/2"
    assert output_url(made("http://h"), "report.txt") == "http://h/node/n1?download"


def stored(server: FakeServer, node: str, content: bytes, md5: str = "") -> None:
    """A node with a file, of this MD5 instead of its own."""
    checksum = {"md5": md5 or hashlib.md5(content).hexdigest()}
    server.on(f"GET /node/{node}", {"id": node, "file": {"size": len(content), "checksum": checksum}})
    server.raw(f"GET /node/{node}?download", (200, content))


def with_outputs(server: FakeServer, *files: IO) -> None:
    done = task("a", TaskState.COMPLETED, outputs=list(files))
    server.on(f"GET /job/{JOB_ID}", job(done, task("b", outputs=[IO("late.txt")])))


def test_outputs_are_listed(server: FakeServer, awe: Awe, capsys: Any) -> None:
    with_outputs(server, IO("x.txt", host=server.url, node="n1", size=2048))
    assert awe("get", JOB_ID) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [["output", "size"], ["a/x.txt", "2", "KB"], ["b/late.txt", "not", "there"]]


def test_all_outputs_come_into_a_directory_and_are_checked(
    server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any
) -> None:
    """One that is damaged is not kept, and one that is there is not fetched again."""
    with_outputs(server, *(IO(name, host=server.url, node=name) for name in ("x", "y", "../z")))
    stored(server, "x", b"the x")
    stored(server, "y", b"the y", "0" * 32)
    stored(server, "../z", b"the z")
    assert awe("get", JOB_ID, "--all", "-o", str(tmp_path)) == 3
    printed = capsys.readouterr()
    assert printed.out == f"{tmp_path}/a/x\n"
    assert "a/y: y arrived damaged: its MD5 is " in printed.err
    assert "a/../z: the job has an output with the name" in printed.err
    assert "not there yet: b/late.txt" in printed.err
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]
    server.requests.clear()
    awe("get", JOB_ID, "--all", "-o", str(tmp_path))
    assert "GET /node/x?download" not in server.paths()


@pytest.mark.parametrize("status", [200, 206])
def test_what_broke_off_goes_on_where_the_host_can(server: FakeServer, awe: Awe, tmp_path: Path, status: int) -> None:
    with_outputs(server, IO("x", host=server.url, node="x"))
    stored(server, "x", b"0123456789")
    server.raw("GET /node/x?download", (status, b"0123456789" if status == 200 else b"456789"))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.part").write_bytes(b"0123")
    awe("get", JOB_ID, "--all", "-o", str(tmp_path))
    assert (tmp_path / "a" / "x").read_bytes() == b"0123456789"
    assert not (tmp_path / "a" / "x.part").exists()
