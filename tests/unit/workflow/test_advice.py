"""Warnings about documents, and checks of them."""

import json
import shlex
from typing import Any

import pytest

from awed.model.errors import Invalid
from awed.model.remarks import Remark
from awed.workflow.advice import Advised, read_advised
from awed.workflow.faults import MOST, Faulty
from awed.workflow.reader import DocumentLimits
from tests.unit.workflow.documents import JOB_ID, NODE, NOW, OWN, document, task

HOSTS = frozenset({OWN})


def read(sent: object, *, checks: bool = True, tasks: int = 1000) -> Advised:
    body = json.dumps(sent).encode()
    limits = DocumentLimits(tasks, 1000)
    return read_advised(body, now=NOW, new_id=lambda: JOB_ID, own_hosts=HOSTS, limits=limits, checks=checks)


@pytest.mark.parametrize(
    ("sent", "place", "meant"),
    [
        (document(task(dependson=["1"])), "tasks[0].dependson", "dependsOn"),
        (document(task(depends_on=["1"])), "tasks[0].depends_on", "dependsOn"),
        (document(task(clientgroup="a")), "tasks[0].clientgroup", "clientgroups"),
        (document({"taskid": "0", "cmd": {"name": "app", "arg": "x"}}), "tasks[0].cmd.arg", "args"),
        (document(infoo={}), "infoo", "info"),
        (document(info={"Name": "x"}), "info.Name", "name"),
        (document(task(inputs={"a": {"ulr": "", "url": "http://x/y"}})), "tasks[0].inputs.a.ulr", "url"),
        (
            document(task(inputs=[{"filename": "a", "url": "http://x/y", "hots": ""}])),
            "tasks[0].inputs[0].hots",
            "host",
        ),
        (document(task(partinfo={"indx": ""})), "tasks[0].partinfo.indx", "index"),
    ],
)
def test_a_misspelt_key_is_named_with_its_place_and_what_was_meant(sent: Any, place: str, meant: str) -> None:
    text = f'unknown key, ignored; did you mean "{meant}"?'
    assert read(sent).warnings == [Remark(place, text)]


def test_what_nobody_could_have_meant_is_told_without_a_guess() -> None:
    assert read(document(task(xyzzy=1))).warnings == [Remark("tasks[0].xyzzy", "unknown key, ignored")]


@pytest.mark.parametrize(
    ("cmd", "place", "text"),
    [
        ({"name": "echo hi"}, "name", "a program's name has no blanks: its arguments belong in args"),
        *(
            (
                {"name": "cat", "args": args},
                "args",
                f'no shell is asked, "{sign}" is an argument like others: cmd_script has lines of shell',
            )
            for args, sign in (("a > b", ">"), ("a 2>&1", "2>&1"), ("'a b' | wc", "|"), ("a && rm a", "&&"))
        ),
        *(
            ({"name": "sh", "args": args}, "args", "cannot be split as by a shell: a quotation is not closed")
            for args in ("-c 'echo", 'a "b', "it's", '"a\\" b', "a\\")
        ),
    ],
)
def test_a_command_that_no_worker_could_call_is_told(cmd: dict[str, str], place: str, text: str) -> None:
    assert read(document({"taskid": "0", "cmd": cmd})).warnings == [Remark(f"tasks[0].cmd.{place}", text)]


@pytest.mark.parametrize(
    "args", ["", "a b", "'a \" b' c", '"it\'s" \\" d', "a\\ b\nc", "''\"\"", "-c 'a > b | c'", "'>' \\> a>b"]
)
def test_what_a_shell_would_split_is_as_it_should_be(args: str) -> None:
    assert shlex.split(args) is not None
    assert read(document({"taskid": "0", "cmd": {"name": "/opt/my tools/sh", "args": args}})).warnings == []


def test_arguments_that_no_program_takes_are_not_looked_at() -> None:
    assert read(document({"taskid": "0", "cmd": {"name": "a", "args": "'a' " * 30_000 + "'"}})).warnings == []


def test_partinfo_that_names_no_input_is_told() -> None:
    files = {"a": {"url": "http://x/y"}}
    text = 'no input "b" (there are: a), ignored'
    assert read(document(task(inputs=files, partinfo={"input": "b"}))).warnings == [
        Remark("tasks[0].partinfo.input", text)
    ]
    assert read(document(task(inputs=files, partinfo={"input": "a"}))).warnings == []


def test_free_attributes_and_what_the_server_shows_are_no_mistakes() -> None:
    sent = document(task(userattr={"dependson": 1}, remainwork=1, state="init"), info={"submittime": None}, state="x")
    assert read(sent).warnings == []


def test_an_output_that_nobody_reads_is_told_where_others_wait_for_its_task() -> None:
    """What the last tasks make is the result."""
    first = task("a", outputs=[{"filename": "read"}, {"filename": "lost"}])
    last = task("b", inputs=[{"filename": "read", "origin": "a"}], outputs={"result": {}})
    assert read(document(first, last)).warnings == [Remark("tasks[0].outputs[1]", "no task reads this output")]


def test_a_check_tells_all_faults_with_their_places_and_the_spelling_that_caused_them() -> None:
    found = read({"tasks": [{"taskid": "a", "cmd": {"nam": "x"}, "totalwork": 5}, {"taskid": "a", "cmd": 3}]})
    assert found.submission is None
    assert found.errors == [
        Remark("tasks[0].cmd.name", "missing"),
        Remark("tasks[1].cmd", "expected object, found integer"),
        Remark("tasks[1].taskid", '"a" is the id of tasks[0] already'),
    ]
    assert found.warnings == [Remark("tasks[0].cmd.nam", 'unknown key, ignored; did you mean "name"?')]
    assert (found.tasks, found.workunits) == (2, 6)


def test_what_is_no_object_or_too_large_is_a_finding_of_a_check_and_refused_else() -> None:
    assert read([]).errors == [Remark("document", "expected object, found array")]
    assert read(document(task("0"), task("1")), tasks=1).errors[0].place == "tasks"
    with pytest.raises(Faulty):
        read([], checks=False)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(Invalid, match="malformed JSON"):
        read_advised(b"{", now=NOW, new_id=lambda: JOB_ID, checks=True)


def test_a_check_knows_the_nodes_and_counts_what_is_asked_for() -> None:
    sent = document(task("0", inputs={"a": {"host": OWN, "node": NODE}}, totalwork=3), task("1"))
    found = read(sent)
    assert list(found.nodes) == [("tasks", 0, "inputs", "a")]
    assert (found.tasks, found.workunits) == (2, 4)


def test_of_many_remarks_some_are_told_and_how_many_there_are() -> None:
    warnings = read(document(*(task(str(number), x=1) for number in range(MOST + 5)))).warnings
    assert len(warnings) == MOST + 1
    assert warnings[-1] == Remark("document", "and 5 more of the kind")
