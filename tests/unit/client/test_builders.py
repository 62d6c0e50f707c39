"""Workflows as Python values: what document they are, and that a mistake is told where it is made."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from awed.client import Input, Job, Output, Task
from awed.workflow.reader import read_submission


def nowhere(name: str, file: str | bytes) -> dict[str, str]:
    """Place of a file that nobody uploads."""
    return {"url": f"http://example.org/{name}"}


def test_every_parameter_comes_to_its_place_in_the_document() -> None:
    made = Output("b", optional=True, nonzero=True, temporary=True, fields={"shockindex": "record"})
    first = Task(
        "first",
        "prog -x '1 2'",
        inputs=[Input("a", "http://h/a", cache=True, fields={"uncompress": "gzip"})],
        outputs=[made, "c"],
        totalwork=3,
        resources={"cores": 2, "memory": "8G"},
        walltime=60,
        environ={"A": "1"},
        private={"B": "2"},
        clientgroups="g",
        reuse="both",
        fields={"userattr": {"x": 1}},
    )
    last = Task("last", script="#!/bin/sh\necho", inputs=[Input("b", first), Input("d", b"d")], after=[first])
    job = Job("j", [first, last], "g,h", 7, "p", {"cores": 1}, "read", info={"noretry": True})
    text = msgspec.json.encode(job.document(nowhere))
    sent = read_submission(text, now=datetime.now(UTC), new_id=lambda: "id")
    info, (one, two) = sent.job.info, sent.job.tasks
    assert (info.name, info.clientgroups, info.priority, info.project) == ("j", "g,h", 7, "p")
    assert (info.resources, info.reuse, info.noretry) == ({"cores": 1}, "read", True)
    assert (one.cmd.name, one.cmd.args, one.cmd.environ.public) == ("prog", "-x '1 2'", {"A": "1"})
    assert sent.private_env == {one.taskid: {"B": "2"}}
    assert (one.totalwork, one.walltime, one.clientgroups, one.reuse) == (3, 60, "g", "both")
    assert (one.resources, one.userattr) == ({"cores": 2, "memory": "8G"}, {"x": 1})
    assert (one.inputs[0].url, one.inputs[0].cache, one.inputs[0].uncompress) == ("http://h/a", True, "gzip")
    assert [output.filename for output in one.outputs] == ["b", "c"]
    output = one.outputs[0]
    assert (output.optional, output.nonzero, output.temporary, output.shockindex) == (True, True, True, "record")
    assert two.cmd.cmd_script == ["#!/bin/sh", "echo"]
    assert two.depends_on == [one.taskid]
    assert (two.inputs[0].origin, two.inputs[1].url) == ("first", "http://example.org/d")


def test_each_file_is_placed_once(tmp_path: Path) -> None:
    placed: list[tuple[str, str | bytes]] = []

    def place(name: str, file: str | bytes) -> dict[str, str]:
        placed.append((name, file))
        return {"node": str(len(placed)), "host": "h"}

    inputs = [Input("a", tmp_path), Input("b", tmp_path), Input("c", b"c")]
    document = Job("j", [Task("x", "true", inputs=inputs)]).document(place)
    assert placed == [("a", str(tmp_path)), ("c", b"c")]
    assert [entry["node"] for entry in document["tasks"][0]["inputs"]] == ["1", "1", "2"]


X = Task("x", "true", outputs=["o"])
ANY: Any = 7
"""Of a wrong type, which a type checker would tell."""

WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: Task("a b", "true"), "taskid 'a b' must have"),
    (lambda: Task("a_b", "true"), 'must not contain "_"'),
    (lambda: Task("", "true"), "taskid '' missing"),
    (lambda: Task(ANY, "true"), "taskid must be str"),
    (lambda: Task("a"), "a command or a script"),
    (lambda: Task("a", " "), "a command or a script"),
    (lambda: Task("a", "true", "true"), "a command or a script"),
    (lambda: Task("a", ["sleep", ANY]), "each of command of task a must be str, not 7"),
    (lambda: Task("a", ANY), "command of task a must be a list"),
    (
        lambda: Task("a", "cat 'x"),
        """command of task a cannot be split as by a shell: No closing quotation: "cat 'x\"""",
    ),
    (lambda: Task("a", "true", private={"A": ANY}), "variable A of task a must be str, not int"),
    (lambda: Task("a", "true", totalwork=0), "totalwork of task a must be at least 1"),
    (lambda: Task("a", "true", resources={"memory": "8Q"}), "resources of task a: memory '8Q'"),
    (lambda: Task("a", "true", reuse="maybe"), "reuse of task a must be one of read, write, both"),
    (lambda: Task("a", "true", outputs=["o", Output("o")]), "two that are called o"),
    (lambda: Task("a", "true", outputs="o"), "outputs of task a must be a list, not 'o'"),
    (lambda: Task("a", "true", inputs=[ANY]), "must be Input, not 7"),
    (lambda: Task("a", "true", after=[ANY]), "must be Task, not 7"),
    (lambda: Output("../o"), "filename '../o' must be a path below"),
    (lambda: Input("i", X), "task x has no output i; it makes o"),
    (
        lambda: Input("i", "reads.fa"),
        "expected http://..., https://..., file:///PATH or s3://BUCKET/KEY, found 'reads.fa'",
    ),
    (lambda: Input("i", "reads.fa"), "a file of this machine is a Path"),
    (lambda: Input("i", ANY), "source of input i must be"),
    (lambda: Job("j", []), "job j has no tasks"),
    (lambda: Job("j", [X, Task("x", "true")]), "two that are called x"),
    (lambda: Job("j", [Task("a", "true", inputs=[Input("o", X)])]), "needs task x, which is not in job j"),
    (lambda: Job("j", [X], resources={"cores": 0}), "resources of job j: cores 0"),
]


@pytest.mark.parametrize(("make", "text"), WRONG)
def test_a_mistake_is_told_where_it_is_made(make: Callable[[], object], text: str) -> None:
    with pytest.raises((ValueError, TypeError)) as raised:
        make()
    assert text in str(raised.value)


@pytest.mark.parametrize("url", ["http://h/a", "https://u:p@h/a", "file:///data/a", "s3://bucket/a"])
def test_an_input_is_at_any_url_that_workers_know(url: str) -> None:
    assert Input("i", url).entry(nowhere) == {"filename": "i", "url": url}
