"""What is refused, and in which words: each fault alone, and several together."""

import json
import re
from traceback import walk_tb
from typing import Any

import pytest

from awed.model.addresses import NO_ADDRESS, NO_FILE
from awed.model.errors import Invalid
from awed.workflow.reader import read_submission
from tests.unit.workflow.documents import JOB_ID, NODE, NOW, OWN, document, faults, job, submission, task

URL = "http://data.example/in.txt"


def refusal(body: bytes) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read_submission(body, now=NOW, new_id=lambda: JOB_ID)
    return refused.value.texts


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "malformed JSON: unexpected end (line 1, column 1)"),
        (b'{"tasks": [\n', "malformed JSON: unexpected end (line 2, column 1)"),
        ('{"ä": "'.encode() + b'\xff"}', "malformed JSON: invalid UTF-8 (line 1, column 8)"),
        (
            rb'{"info": {"name": "\\ud800\ud83d\ude00\ud800"}}',
            "malformed JSON: invalid utf-16 surrogate pair (line 1, column 39)",
        ),
        (b'{"info": {"userattr": {"a": 1e999}}}', "malformed JSON: number out of range"),
        (b'{"tasks": ' + b"9" * 6000 + b"}", "malformed JSON: number out of range"),
        (b"[" * 1_000_000, "malformed JSON: nested too deeply"),
        (b'{"info": {"userattr": ' + b'{"a":' * 100_000, "malformed JSON: nested too deeply"),
    ],
)
def test_what_is_no_json(body: bytes, text: str) -> None:
    assert refusal(body) == [text]


@pytest.mark.parametrize(
    ("body", "line", "column"), [(b'{\n "tasks": [1,]}', 2, 14), (b'{"a": tru}', 1, 8), (b"[NaN]", 1, 2)]
)
def test_where_it_is_no_json(body: bytes, line: int, column: int) -> None:
    [text] = refusal(body)
    assert re.fullmatch(rf"malformed JSON: .+ \(line {line}, column {column}\)", text)


@pytest.mark.parametrize("body", [b'{"id": "\\ud800"}', b'{"id": "\\udc00\\ud800"}', b"{} {}"])
def test_half_a_character_is_no_json_and_neither_are_two_documents(body: bytes) -> None:
    [text] = refusal(body)
    assert text.startswith("malformed JSON: ")


@pytest.mark.parametrize(
    ("body", "found"), [(b"[]", "array"), (b"null", "null"), (b'"x"', "string"), (b"1.5", "number")]
)
def test_what_is_no_document(body: bytes, found: str) -> None:
    assert refusal(body) == [f"document: expected object, found {found}"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"id": 5}, "id: expected string, found integer"),
        ({"info": []}, "info: expected object, found array"),
        ({"info": {"priority": "3"}}, "info.priority: expected integer, found string"),
        ({"info": {"priority": 2.5}}, "info.priority: expected integer, found number"),
        ({"info": {"tracking": 1}}, "info.tracking: expected boolean, found integer"),
        ({"info": {"userattr": "x"}}, "info.userattr: expected object, found string"),
        (
            {"info": {"start_at": "soon"}},
            "info.start_at: expected time (such as 2026-11-23T20:41:15Z), found string",
        ),
        ({"shockhost": ["x"]}, "shockhost: expected string, found array"),
        ({"tasks": {"0": {}}}, "tasks: expected array, found object"),
        ({"tasks": [None]}, "tasks[0]: expected object, found null"),
        ({"tasks": [task(), task("1", cmd={"name": 5})]}, "tasks[1].cmd.name: expected string, found integer"),
        ({"tasks": [task(cmd="app")]}, "tasks[0].cmd: expected object, found string"),
        ({"tasks": [task(0)]}, "tasks[0].taskid: expected string, found integer"),
        ({"tasks": [task(totalwork="4")]}, "tasks[0].totalwork: expected integer, found string"),
        ({"tasks": [task(dependsOn="0")]}, "tasks[0].dependsOn: expected array, found string"),
        ({"tasks": [task(inputs="in")]}, "tasks[0].inputs: expected array or object, found string"),
        ({"tasks": [task(inputs=["in"])]}, "tasks[0].inputs[0]: expected object, found string"),
        ({"tasks": [task(inputs={"a.b": 1})]}, 'tasks[0].inputs["a.b"]: expected object, found integer'),
        (
            {"tasks": [task(outputs={"a": {"nofile": "yes"}})]},
            "tasks[0].outputs.a.nofile: expected boolean, found string",
        ),
        ({"tasks": [task(partinfo=1)]}, "tasks[0].partinfo: expected object, found integer"),
        (
            {"tasks": [task(cmd={"name": "a", "args_array": ["x", 1]})]},
            "tasks[0].cmd.args_array[1]: expected string, found integer",
        ),
        (
            {"tasks": [task(cmd={"name": "a", "environ": {"private": {"SECRET": 12345}}})]},
            "tasks[0].cmd.environ.private.SECRET: expected string, found integer",
        ),
    ],
)
def test_wrong_types(fields: dict[str, Any], text: str) -> None:
    """Each is told once, and nothing that merely follows from it."""
    with pytest.raises(Invalid) as refused:
        submission({"tasks": [task()], **fields})
    assert refused.value.texts == [text]


@pytest.mark.parametrize("tasks", [{"tasks": []}, {"tasks": None}, {}])
def test_no_tasks(tasks: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        submission(tasks)
    assert refused.value.texts == ["invalid job script: task list empty"]


@pytest.mark.parametrize("sent", ["abc", JOB_ID + "0", "../" + JOB_ID[3:], JOB_ID + "\n"])
def test_a_job_id_is_a_uuid(sent: str) -> None:
    [text] = faults(id=sent)
    assert text.startswith('Job-Id format wrong: "')


def test_the_words_of_the_original_for_a_wrong_job_id() -> None:
    assert faults(id="abc") == ['Job-Id format wrong: "abc"']


@pytest.mark.parametrize("cmd", [None, {}, {"args": "x"}, {"name": ""}, {"cmd_script": ["true"]}])
def test_a_task_needs_a_command(cmd: object) -> None:
    assert faults(task(cmd=cmd)) == ["tasks[0].cmd.name: missing"]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (None, "missing"),
        ("", "missing"),
        ("a_b", '"a_b" must not contain "_"'),
        (f"{JOB_ID}_", "missing"),
        ("x/../y", '"x/../y" must have at most 100 characters and no blanks or slashes'),
        ("a b", '"a b" must have at most 100 characters and no blanks or slashes'),
        ("x" * 101, f'"{"x" * 100}..." must have at most 100 characters and no blanks or slashes'),
    ],
)
def test_what_cannot_be_the_id_of_a_task(sent: str | None, text: str) -> None:
    assert faults(task(sent)) == [f"tasks[0].taskid: {text}"]


def test_two_tasks_with_one_id() -> None:
    expected = 'tasks[2].taskid: "0" is the id of tasks[0] already'
    assert faults(task("0"), task("1"), task(f"{JOB_ID}_0"), id=JOB_ID) == [expected]


def test_a_full_id_of_another_job_is_wrong() -> None:
    assert faults(task(f"{NODE}_0"), id=JOB_ID) == [f'tasks[0].taskid: "{NODE}_0" must not contain "_"']


def test_dependencies_that_are_not_there() -> None:
    assert faults(task("0"), task("1", dependsOn=["0", "7"])) == ['tasks[1].dependsOn: no task "7" (there are: 0, 1)']


def test_origins_that_are_not_there() -> None:
    many = [task(str(number)) for number in range(12)]
    assert faults(*many, task("x", inputs=[{"filename": "a", "origin": "y"}])) == [
        'tasks[12].inputs[0].origin: no task "y" (there are: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...)'
    ]


def test_an_origin_without_such_an_output() -> None:
    first = task("0", outputs=[{"filename": "b"}, {"filename": "a"}])
    assert faults(first, task("1"), task("2", inputs={"c": {"origin": "0"}, "d": {"origin": "1"}})) == [
        'tasks[2].inputs.c: task "0" has no output "c" (it has: a, b)',
        'tasks[2].inputs.d: task "1" has no output "d" (it has: none)',
    ]


def test_nothing_that_may_follow_from_a_wrong_type_is_told() -> None:
    reader = task("1", dependsOn=["0", "9"], inputs=[{"filename": "a", "origin": "0"}])
    assert faults(task(0), reader) == ["tasks[0].taskid: expected string, found integer"]
    assert faults(task("0", outputs=[{"filename": 5}]), task("1", inputs=[{"filename": "a", "origin": "0"}])) == [
        "tasks[0].outputs[0].filename: expected string, found integer"
    ]


@pytest.mark.parametrize(
    ("waits_for", "circle"),
    [
        ({"0": ["0"]}, "0 -> 0"),
        ({"0": ["1"], "1": ["0"]}, "0 -> 1 -> 0"),
        ({"a": [], "b": ["a", "c"], "c": ["b"]}, "b -> c -> b"),
    ],
)
def test_circles(waits_for: dict[str, list[str]], circle: str) -> None:
    tasks = [task(name, dependsOn=others) for name, others in waits_for.items()]
    assert faults(*tasks) == [f"dependency cycle: {circle}"]


def test_circles_by_origin() -> None:
    one = task("0", inputs=[{"filename": "b", "origin": "1"}], outputs=[{"filename": "a"}])
    other = task("1", inputs=[{"filename": "a", "origin": "0"}], outputs=[{"filename": "b"}])
    assert faults(one, other) == ["dependency cycle: 0 -> 1 -> 0"]


def test_a_long_circle_is_shortened() -> None:
    [text] = faults(*(task(str(number), dependsOn=[str((number + 1) % 500)]) for number in range(500)))
    assert text.startswith("dependency cycle: 0 -> 1 -> 2 -> ")
    assert text.endswith(" -> 498 -> 499 -> 0")
    assert len(text) < 300


@pytest.mark.parametrize("kind", ["inputs", "outputs", "predata"])
def test_two_files_with_one_name(kind: str) -> None:
    files = [{"filename": "a", "url": URL}, {"filename": "b", "url": URL}, {"filename": "a", "url": URL}]
    assert faults(task(**{kind: files})) == [
        f"invalid {kind}: task {JOB_ID}_0 contains multiple {kind} with filename=a"
    ]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"inputs": [{"filename": "a", "url": URL}], "predata": {"a": {"url": URL}}},
            'tasks[0].predata.a.filename: "a" is the path of tasks[0].inputs[0].filename already',
        ),
        (
            {"inputs": [{"filename": "b", "directory": "./a", "url": URL}, {"filename": "a/b", "url": URL}]},
            'tasks[0].inputs[1].filename: "a/b" is the path of tasks[0].inputs[0].filename already',
        ),
        (
            {"inputs": [{"filename": "a", "url": URL, "attrfile": "a"}]},
            'tasks[0].inputs[0].attrfile: "a" is the path of tasks[0].inputs[0].filename already',
        ),
        (
            {"inputs": [{"filename": "awe_script", "url": URL}], "cmd": {"name": "x", "cmd_script": ["true"]}},
            'tasks[0].inputs[0].filename: "awe_script" is the path of tasks[0].cmd.cmd_script already',
        ),
        (
            {"inputs": [{"filename": "a/b", "url": URL}], "predata": [{"filename": "a", "url": URL}]},
            'tasks[0].inputs[0].filename: "a/b" lies below "a", a file (tasks[0].predata[0].filename)',
        ),
        (
            {"inputs": [{"filename": "a", "url": URL}], "outputs": [{"filename": "b", "attrfile": "a/b"}]},
            'tasks[0].outputs[0].attrfile: "a/b" lies below "a", a file (tasks[0].inputs[0].filename)',
        ),
    ],
)
def test_files_that_would_overwrite_each_other(fields: dict[str, Any], text: str) -> None:
    assert faults(task(**fields)) == [text]


def test_files_that_do_not_overwrite_each_other() -> None:
    """An output may change an input in place; a script's name is taken by a script alone; no file has no path."""
    inputs = [
        {"filename": "a", "url": URL, "attrfile": "a.json"},
        {"filename": "awe_script", "url": URL},
        {"filename": "b", "directory": "a.d", "url": URL},
        {"filename": "c", "url": URL, "nofile": True},
    ]
    predata = [{"filename": "c", "url": URL}]
    job(task(inputs=inputs, predata=predata, outputs=[{"filename": "a", "attrfile": "a.json"}]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/passwd", "is absolute"),
        ("../x", "leaves its directory"),
        ("a/../../x", "leaves its directory"),
        ("..", "leaves its directory"),
        ("a//b", "has an empty part"),
        ("a/b/", "has an empty part"),
        (".", "has an empty part"),
        ("x" * 300, "is too long"),
        ("ä" * 200, "is too long"),
        ("a/" * 600 + "a", "is too long"),
    ],
)
def test_file_names_stay_in_their_directory(path: str, text: str) -> None:
    shown = path if len(path) <= 100 else path[:100] + "..."
    expected = f'"{shown}" {text}'
    for name in ("filename", "attrfile", "shockfilename"):
        assert faults(task(outputs=[{"filename": "a", name: path}])) == [f"tasks[0].outputs[0].{name}: {expected}"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/tmp", '"/tmp" is absolute'),
        ("/", '"/" is absolute'),
        ("../x/", '"../x" leaves its directory'),
        ("a//", '"a/" has an empty part'),
    ],
)
def test_directories_stay_in_their_directory(path: str, text: str) -> None:
    assert faults(task(outputs=[{"filename": "a", "directory": path}])) == [f"tasks[0].outputs[0].directory: {text}"]


@pytest.mark.parametrize("files", [[{}], [{"filename": ""}], [{"filename": None}], {"": {}}])
def test_a_file_needs_a_name(files: object) -> None:
    [text] = faults(task(outputs=files))
    assert text in ("tasks[0].outputs[0].filename: missing", 'tasks[0].outputs[""].filename: missing')


@pytest.mark.parametrize("sent", [{}, {"host": OWN}, {"node": NODE}, {"host": OWN, "node": "-"}, {"url": ""}])
def test_an_input_must_be_somewhere(sent: dict[str, str]) -> None:
    assert faults(task(inputs={"a": sent})) == [
        "tasks[0].inputs.a: an input needs a url, or host and node, or an origin"
    ]
    assert faults(task(predata={"a": {**sent, "origin": "0"}})) == [
        "Invalid IO, required fields url or host / node missing (tasks[0].predata.a)"
    ]


@pytest.mark.parametrize("url", ["ftp://x/y", "x", "http://", "http:///x", "http://h:port/", "//h/x"])
def test_what_is_no_url(url: str) -> None:
    assert faults(task(inputs=[{"filename": "a", "url": url}])) == [
        f"Not a valid url: {url} (tasks[0].inputs[0].url): {NO_FILE}"
    ]


@pytest.mark.parametrize("host", ["shock", "ftp://shock", "http://shock?x", "own"])
def test_what_is_no_host(host: str) -> None:
    assert faults(task(outputs=[{"filename": "a", "host": host}])) == [
        f"Not a valid url: {host} (tasks[0].outputs[0].host): {NO_ADDRESS}"
    ]
    assert faults(shockhost=host) == [f"Not a valid url: {host} (shockhost): {NO_ADDRESS}"]


@pytest.mark.parametrize("host", ["http://u:secret@shock:1", "http://u@shock"])
def test_a_data_host_takes_no_password_in_its_url(host: str) -> None:
    text = "a data host takes no user and password in its URL: send its token in the header Datatoken"
    by_url = {"a": {"url": f"{host}/node/{NODE}?download"}}
    assert faults(task(inputs=by_url)) == [f"tasks[0].inputs.a.url: {text}"]
    assert faults(task(inputs={"a": {"host": host, "node": NODE}})) == [f"tasks[0].inputs.a.host: {text}"]
    assert faults(shockhost=host) == [f"shockhost: {text}"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://a,b/x", "'a,b' is neither the name nor the address of a host"),
        ("https://a_b/", "no certificate can"),
        ("http://h/a b", "it has a blank or a control character"),
    ],
)
def test_what_would_fail_at_the_worker_is_refused_and_says_why(url: str, reason: str) -> None:
    [told] = faults(task(inputs={"a": {"url": url}}))
    assert told.startswith(f"Not a valid url: {url} (tasks[0].inputs.a.url): {reason}")


def test_a_wrong_shockhost_is_told_once() -> None:
    outputs = [{"filename": "a"}, {"filename": "b"}]
    assert faults(task(outputs=outputs), shockhost="x") == [f"Not a valid url: x (shockhost): {NO_ADDRESS}"]


@pytest.mark.parametrize("node", ["..", "a/b", "a?b", "x" * 101])
def test_what_is_no_node(node: str) -> None:
    [text] = faults(task(inputs=[{"filename": "a", "host": OWN, "node": node}]))
    assert text.startswith('tasks[0].inputs[0].node: "')
    assert text.endswith('" is no id of a node')


def test_an_update_needs_something_to_update() -> None:
    assert faults(task(outputs=[{"filename": "a", "type": "update"}])) == [
        "tasks[0].outputs[0]: an update needs host and node, an origin, or an input of the same name"
    ]


HUGE = 2**70


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"totalwork": 1_000_001}, "tasks[0].totalwork: must be at most 1000000"),
        ({"totalwork": -HUGE}, "tasks[0].totalwork: must be at least -9223372036854775807"),
        ({"maxworksize": -1}, "tasks[0].maxworksize: must be at least 0"),
        ({"maxworksize": HUGE}, "tasks[0].maxworksize: must be at most 1000000"),
        ({"walltime": -1}, "tasks[0].walltime: must be at least 0"),
        ({"walltime": HUGE}, "tasks[0].walltime: must be at most 1000000000"),
        ({"resources": {"cores": 0}}, 'tasks[0].resources.cores: "0": must be a number of at least 0.01'),
        (
            {"resources": {"memory": "8 GB"}},
            'tasks[0].resources.memory: "8 GB": must be a number of bytes, or end in K, M, G or T as in 8G',
        ),
        (
            {"resources": {"é": 1}},
            'tasks[0].resources.é: "1": a name begins with a letter, and has up to 64 letters, digits, ".", "-", "_"',
        ),
        (
            {"resources": {"gpus": True}},
            "tasks[0].resources.gpus: expected integer or number or string, found boolean",
        ),
        (
            {"resources": {f"x{number}": 1 for number in range(33)}},
            "tasks[0].resources: names more than 32 kinds of resources",
        ),
        ({"partinfo": {"maxpartsize_mb": -1}}, "tasks[0].partinfo.maxpartsize_mb: must be at least 0"),
        ({"outputs": [{"filename": "a", "size": -1}]}, "tasks[0].outputs[0].size: must be at least 0"),
        ({"outputs": {"a": {"size": HUGE}}}, "tasks[0].outputs.a.size: must be at most 9223372036854775807"),
        ({"userattr": {"a": [{"b": HUGE}]}}, "tasks[0].userattr.a[0].b: must be at most 9223372036854775807"),
    ],
)
def test_numbers_out_of_range(fields: dict[str, Any], text: str) -> None:
    assert faults(task(**fields)) == [text]


def test_attributes_are_not_nested_for_ever() -> None:
    nested: Any = 1
    for _ in range(49):
        nested = [nested]
    assert job(task(userattr={"a": nested}))
    assert faults(info={"userattr": {"a": [nested]}}) == ["info.userattr: nested more than 50 levels deep"]


def test_nul_characters_are_refused_everywhere() -> None:
    cmd = {"name": "app", "args": "x\0y", "environ": {"private": {"a\0": "x"}}}
    assert faults(task(cmd=cmd, outputs={"a\0": {}})) == [
        "tasks[0].cmd.args: contains a NUL character",
        "tasks[0].cmd.environ.private: a name contains a NUL character",
        "tasks[0].outputs: a name contains a NUL character",
    ]


@pytest.mark.parametrize(("name", "shown"), [("", ""), ("A=hidden", "A=")])
def test_what_is_no_variable(name: str, shown: str) -> None:
    cmd = {"name": "app", "environ": {"private": {name: "hidden"}}}
    assert faults(task(cmd=cmd)) == [f'tasks[0].cmd.environ.private: "{shown}" cannot be the name of a variable']


def test_more_secrets_than_a_worker_could_be_told() -> None:
    """They travel in a header, and a worker whose request is not answered asks for ever."""
    long = {"A": "\x01" * 5000, "B": "hidden" * 1000}
    assert faults(task(cmd={"name": "app", "environ": {"private": long}})) == [
        "tasks[0].cmd.environ.private: more than 32768 bytes of JSON"
    ]
    assert job(task(cmd={"name": "app", "environ": {"private": {"A": "x" * 32000}, "public": long}}))


def test_all_faults_together_by_their_places() -> None:
    first = task("0", cmd={"name": 5}, inputs=[{"filename": "../a", "url": "ftp://x"}], outputs=[None])
    second = task("1", cmd={}, dependsOn=["1", "7"], totalwork=10**9, predata={"p": {}})
    assert faults(first, second, id="abc", info={"priority": "x"}, shockhost="x") == [
        'Job-Id format wrong: "abc"',
        "info.priority: expected integer, found string",
        f"Not a valid url: x (shockhost): {NO_ADDRESS}",
        "tasks[0].cmd.name: expected string, found integer",
        'tasks[0].inputs[0].filename: "../a" leaves its directory',
        f"Not a valid url: ftp://x (tasks[0].inputs[0].url): {NO_FILE}",
        "tasks[0].outputs[0]: expected object, found null",
        "tasks[1].cmd.name: missing",
        'tasks[1].dependsOn: no task "7" (there are: 0, 1)',
        "dependency cycle: 1 -> 1",
        "Invalid IO, required fields url or host / node missing (tasks[1].predata.p)",
        "tasks[1].totalwork: must be at most 1000000",
    ]


def test_faults_of_many_tasks_are_in_order() -> None:
    texts = faults(*(task(str(number), cmd={}) for number in range(12)))
    assert texts == [f"tasks[{number}].cmd.name: missing" for number in range(12)]


def test_no_more_than_a_hundred_faults() -> None:
    for tasks in ([5] * 1000, [task("", cmd=None)] * 1000):
        texts = faults(*tasks)
        assert len(texts) == 101
        assert texts[-1] == "and more"


def test_secrets_are_in_no_fault() -> None:
    cmd = {"name": 5, "environ": {"private": {"SECRET": ["hidden"], "OTHER": "hidden"}}}
    assert "hidden" not in json.dumps(faults(task(cmd=cmd)))


def test_a_long_chain_is_no_problem_and_neither_is_a_long_circle() -> None:
    count = 20_000
    chain = [task(str(number), dependsOn=[str(number - 1)] if number else []) for number in range(count)]
    assert len(job(*chain).tasks) == count
    chain[0]["dependsOn"] = [str(count - 1)]
    [text] = faults(*chain)
    assert text.startswith("dependency cycle: 0 -> 19999 -> ")


@pytest.mark.parametrize(
    ("retry", "text"),
    [
        ({"exit": -1}, "tasks[0].retry.exit: must be at least 0"),
        ({"lost": 1001}, "tasks[0].retry.lost: must be at most 1000"),
        ({"memory": 1.5}, "tasks[0].retry.memory: expected integer, found number"),
        (
            {"wait": "soon"},
            'tasks[0].retry.wait: "soon" must be seconds, at least 0, or a text as 10s, 5m, 1h or 1d',
        ),
        (
            {"wait_max": -1},
            'tasks[0].retry.wait_max: "-1.0" must be seconds, at least 0, or a text as 10s, 5m, 1h or 1d',
        ),
        ({"memory_factor": 0.5}, "tasks[0].retry.memory_factor: must be a number from 1 to 1000"),
    ],
)
def test_what_cannot_be_said_of_further_tries(retry: dict[str, Any], text: str) -> None:
    assert faults(task(retry=retry)) == [text]


def test_what_is_wrong_with_a_document_is_found_wherever_its_pieces_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long one is counted, searched and decoded piece by piece, so that nobody waits for one call."""
    bodies = [
        json.dumps(document(task(cmd={"name": "a\0b"}))).encode(),
        b'  {"tasks": [{"taskid": "0"}, {"taskid": "1", "totalwork": "x"}], "info": {"priority": 1.5}}',
        b'[{"tasks": []}]',
        b'{"tasks": [{"taskid": "0", "totalwork": 1e999}], "info": 7}',
        b'{"tasks": [{"taskid": "0", "totalwork": "x"}], "more": "\\ud800"}',
    ]
    whole = [refusal(body) for body in bodies]
    for size in range(1, 60):
        monkeypatch.setattr("awed.workflow.decoding.PIECE", size)
        assert [refusal(body) for body in bodies] == whole


def test_an_error_does_not_keep_the_document_in_memory() -> None:
    """Its traceback does, until the garbage collector comes: 100,000 tasks were then freed at once."""
    with pytest.raises(Invalid) as refused:
        submission(document(task("0"), task("1", dependsOn=["x"])))
    known = [frame.f_locals for frame, _ in walk_tb(refused.tb)]
    (kept,) = [local["sent"] for local in known if "sent" in local]
    assert kept.tasks == []
