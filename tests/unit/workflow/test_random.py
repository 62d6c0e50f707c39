"""Whatever is sent: a job that can be stored and read back, or a refusal that can be read. Nothing else."""

import json
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from awed.model.errors import Invalid
from awed.model.ids import task_id
from awed.model.job import Job
from awed.workflow.reader import read_import, read_submission
from tests.strategies import argument, json_values
from tests.unit.workflow.documents import JOB_ID, NODE, NOW, OWN, submission

names = st.sampled_from(["a", "b.txt", "d/c", "x y", "ü"])
attributes = st.dictionaries(
    argument, st.integers(-9, 9) | argument | st.none() | st.lists(st.floats(-9, 9)), max_size=2
)
places = st.sampled_from(
    [
        {"url": "http://data.example/x"},
        {"url": f"{OWN}/node/{NODE}?download"},
        {"host": OWN + "/", "node": NODE},
        {"host": "https://shock.example", "node": NODE},
    ]
)
cmds = st.fixed_dictionaries(
    {"name": argument.filter(bool)},
    optional={
        "args": argument,
        "args_array": st.none() | st.lists(argument, max_size=2),
        "environ": st.fixed_dictionaries({}, optional={"private": st.dictionaries(names, argument, max_size=2)}),
        "Dockerimage": argument,
    },
)


@st.composite
def files(draw: st.DrawFn, fields: st.SearchStrategy[dict[str, Any]]) -> Any:
    """Files in either form."""
    named = draw(st.dictionaries(names, fields, max_size=3))
    return named if draw(st.booleans()) else [{**io, "filename": name} for name, io in named.items()]


@st.composite
def tasks(draw: st.DrawFn, earlier: list[dict[str, Any]]) -> dict[str, Any]:
    """A task that may depend on *earlier* ones."""
    task: dict[str, Any] = {
        "taskid": str(len(earlier)),
        "cmd": draw(cmds),
        "inputs": draw(files(places)),
        "outputs": draw(
            files(st.fixed_dictionaries({}, optional={"nodeattr": attributes, "size": st.integers(0, 2**63 - 1)}))
        ),
        "predata": draw(st.none() | files(places.map(lambda place: {**place, "directory": "elsewhere"}))),
        "totalwork": draw(st.integers(-2, 5)),
        "userattr": draw(st.none() | attributes),
    }
    if earlier:
        task["dependsOn"] = [one["taskid"] for one in draw(st.lists(st.sampled_from(earlier), max_size=2))]
        source = draw(st.sampled_from(earlier))
        if source["outputs"]:
            name = (
                next(iter(source["outputs"]))
                if isinstance(source["outputs"], dict)
                else source["outputs"][0]["filename"]
            )
            task["inputs"] = {name: {"origin": source["taskid"]}}
    return task


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents without a fault."""
    listed: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        listed.append(draw(tasks(listed)))
    info = st.fixed_dictionaries(
        {}, optional={"name": argument, "priority": st.integers(-3, 9), "userattr": attributes}
    )
    return {
        "info": draw(info),
        "tasks": listed,
        "shockhost": draw(st.sampled_from([None, "", OWN, "http://s.example"])),
    }


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every container in *value* with each of its keys."""
    found = []
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        found.append((value, key))
        if isinstance(item, dict | list):
            found.extend(spots(item))
    return found


@given(documents())
def test_documents_without_fault_are_read(document: dict[str, Any]) -> None:
    read = submission(document)
    job = read.job
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
    assert [task.taskid for task in job.tasks] == [task_id(JOB_ID, task["taskid"]) for task in document["tasks"]]
    assert set(read.private_env) == {task.taskid for task in job.tasks if task.cmd.has_private_env}
    for task in job.tasks:
        assert {task_id(JOB_ID, io.origin) for io in task.inputs if io.origin} <= set(task.depends_on)
        assert all(io.host for io in task.outputs)


@given(documents())
def test_what_is_shown_of_a_job_can_be_submitted_again(document: dict[str, Any]) -> None:
    job = submission(document).job
    again = read_submission(msgspec.json.encode(job), now=NOW, new_id=lambda: "never used")
    for task in job.tasks:
        task.cmd.has_private_env = False
    assert again.job == job


@given(documents(), st.data())
def test_damaged_documents_are_read_or_refused(document: dict[str, Any], data: st.DataObject) -> None:
    document = deepcopy(document)  # strategies share parts of what they draw
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(spots(document)))
        if data.draw(st.booleans()):
            container[key] = data.draw(json_values())
        elif isinstance(container, dict):
            container.pop(key, None)
    read_or_refused(json.dumps(document).encode())


@given(documents(), st.data())
def test_damaged_bytes_are_read_or_refused(document: dict[str, Any], data: st.DataObject) -> None:
    body = bytearray(json.dumps(document).encode())
    start = data.draw(st.integers(0, len(body)))
    body[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    read_or_refused(bytes(body))


@given(st.binary() | json_values().map(lambda value: json.dumps(value).encode()))
def test_anything_is_read_or_refused(body: bytes) -> None:
    read_or_refused(body)


def read_or_refused(body: bytes) -> None:
    with suppress(Invalid):
        job = read_submission(body, now=NOW, new_id=lambda: JOB_ID).job
        assert job.info.start_at.utcoffset() == timedelta(0)
        assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
    with suppress(Invalid):
        read_import(body, now=NOW)
