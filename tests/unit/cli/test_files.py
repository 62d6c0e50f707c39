"""Moving files to the node store and back."""

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


def test_an_output_by_task() -> None:
    assert output_url(made("http://h"), "b/log") == "http://x/2"
    assert output_url(made("http://h"), "report.txt") == "http://h/node/n1?download"
