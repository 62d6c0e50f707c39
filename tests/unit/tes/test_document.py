"""What a task may say, and what becomes of it."""

from typing import Any

import pytest

from tests.unit.api.served import Served, data
from tests.unit.tes.tasks import BASE, ECHO, create, get, post, refused


def job_of(served: Served, **said: object) -> Any:
    """The job of a task with these fields."""
    return data(served.call("GET", f"/job/{create(served, {**ECHO, **said})}"))


def test_every_field_may_be_null(served: Served) -> None:
    """As pydantic-tes sends them, with ``id`` and ``state``."""
    executor = {**ECHO["executors"][0], "workdir": None, "stdin": None, "env": None, "ignore_error": None}
    unset = dict.fromkeys(
        ("id", "state", "description", "inputs", "outputs", "resources", "volumes", "tags", "logs", "creation_time")
    )
    task = create(served, {"name": "echo", "executors": [executor], **unset})
    assert get(served, task, "FULL")["executors"] == ECHO["executors"]


def test_numbers_are_shown_as_they_were_sent(served: Served) -> None:
    """py-tes takes a whole number of cores alone: for it 1.0 is none."""
    task = create(served, {**ECHO, "resources": {"cpu_cores": 1, "ram_gb": 0.5}})
    assert b'"resources":{"cpu_cores":1,"ram_gb":0.5}' in served.call("GET", f"{BASE}/tasks/{task}?view=FULL").body


def test_what_was_not_said_is_not_shown(served: Served) -> None:
    """py-tes 0.4 knows no keys that came later."""
    shown = get(served, create(served, ECHO), "FULL")
    assert sorted(shown) == ["creation_time", "executors", "id", "name", "state"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"resources": {"ram_gb": 1e300}}, "resources: memory: must be a number of bytes"),
        ({"resources": {"disk_gb": -1}}, "resources: disk: must be a number of bytes"),
        ({"executors": []}, "executors: a task has at least one executor"),
        ({"executors": [{"command": ["a"]}]}, "executors[0].image: missing"),
        ({"executors": [{"image": "a"}]}, "executors[0].command: missing"),
        ({"executors": [{"image": "a", "command": "b"}]}, "executors[0].command: expected array, found string"),
        ({"executors": [{"image": "a", "command": ["b"], "stdin": "c"}]}, 'executors[0].stdin: "c" is not absolute'),
        ({"inputs": [{"path": "a", "content": "b"}]}, 'inputs[0].path: "a" is not absolute'),
        ({"inputs": [{"path": "/a/../b", "content": "b"}]}, 'inputs[0].path: "a/../b" leaves its directory'),
        ({"inputs": [{"path": "/etc/passwd", "content": "b"}]}, "is in a folder of the system"),
        ({"inputs": [{"path": "/a", "content": "b"}] * 2}, 'inputs[1].path: "/a" is the path of inputs[0] already'),
        (
            {"inputs": [{"path": "/a", "content": "b"}, {"path": "/a/b", "content": "b"}]},
            'inputs[1].path: "/a/b" lies below a file, inputs[0]',
        ),
        ({"inputs": [{"path": "/a", "url": "http://"}]}, "inputs[0].url: expected http://HOST:PORT"),
        ({"outputs": [{"path": "/a"}]}, "outputs[0].url: missing"),
        ({"outputs": [{"path": "/a/*", "url": "file:///b"}]}, "outputs[0].path_prefix: missing"),
        ({"outputs": [{"path": "/a", "url": "file:///b", "type": "LINK"}]}, '"LINK" is neither FILE nor DIRECTORY'),
        ({"outputs": [{"path": "/a/", "url": "file:///b"}]}, '"/a/" ends with a /, as only that of a DIRECTORY may'),
        ({"inputs": [{"path": "/a/", "content": "b"}]}, 'inputs[0].path: "/a/" ends with a /'),
        ({"resources": {"backend_parameters": {"priority": "high"}}}, '"high" is no whole number'),
        ({"resources": {"backend_parameters": {"expiration": "soon"}}}, '"soon" is no number followed by M, H or D'),
        (
            {"resources": {"backend_parameters": {"INVALID": "x"}, "backend_parameters_strict": True}},
            "resources.backend_parameters.INVALID: is not known here",
        ),
    ],
)
def test_what_is_wrong_is_told_in_words_of_tes(served: Served, said: dict[str, object], told: str) -> None:
    assert told in refused(post(served, {**ECHO, **said}))


def test_what_is_no_json_is_refused(served: Served) -> None:
    assert "malformed JSON" in refused(post(served, b"{"))


@pytest.mark.parametrize("file", [{"type": "FILE"}, {}, {"streamable": True}])
def test_files_may_be_anywhere(served: Served, file: dict[str, object]) -> None:
    """A worker that cannot fetch from there says so."""
    outputs = [{"url": "s3://store/out", "path": "/data/out"}]
    task = create(
        served, {**ECHO, "inputs": [{"url": "s3://store/file", "path": "/data/f", **file}], "outputs": outputs}
    )
    shown = get(served, task, "FULL")
    assert [one["type"] for one in (*shown["inputs"], *shown["outputs"])] == ["FILE", "FILE"]


def test_backend_parameters_place_a_task(served: Served) -> None:
    """Those that are not known are left out, without regard to capital letters."""
    served.register(id="w", executors=True, resources={"licence": 2})
    said = {"Group": "g", "priority": "7", "GPUS": "1", "Licence": "2", "network": "false", "VmSize": "large"}
    job = job_of(served, resources={"backend_parameters": said})
    (task,) = job["tasks"]
    assert (job["info"]["clientgroups"], job["info"]["priority"]) == ("g", 7)
    assert task["resources"] == {"gpus": 1, "licence": 2}
    kept = task["tes"]["resources"]["backend_parameters"]
    assert kept == {name: text for name, text in said.items() if name != "VmSize"}


def test_a_task_may_be_a_step_of_a_run(served: Served) -> None:
    run = served.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]})["id"]
    assert job_of(served, resources={"backend_parameters": {"parent": run}})["info"]["parent"] == run


def test_files_of_the_web_are_inputs_of_the_job(served: Served) -> None:
    """Any worker can fetch them; their passwords are secrets."""
    job = job_of(served, inputs=[{"path": "/data/in", "url": "https://ann:secret@host.example/f"}])
    (only,) = job["tasks"][0]["inputs"]
    assert (only["filename"], only["url"]) == ("files/data/in", "https://ann@host.example/f")
    assert "secret" not in str(job)


def test_a_job_cannot_say_that_it_is_a_task(served: Served) -> None:
    document = {"tasks": [{"taskid": "tes", "cmd": {"name": "tes"}, "tes": ECHO}]}
    assert "tes" not in served.submit(document)["tasks"][0]
