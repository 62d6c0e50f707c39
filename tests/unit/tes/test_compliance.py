"""What the public list of compliance tests for TES 1.1 asks for, test by test (elixir-cloud-aai/openapi-test-runner).

Of its 23 tests ``create_task_ignore_error`` is not here: it looks at the logs of a task at once, and so asks for a
server that has run it by then. What it is about is tested in ``tests/integration/test_tes.py``.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.api.served import Served
from tests.unit.tes.tasks import BASE, ECHO, create, get, listed, post, refused, run

S3 = {"url": "s3://bucket/file", "path": "/data/file"}

TAGS = {"foo": "bar", "baz": "bat", "lorem": "ipsum", "task": "create"}


def is_in_view(task: Any, view: str) -> bool:
    """Whether *task* has what the view shows, in the types of the specification."""
    if view == "MINIMAL":
        return sorted(task) == ["id", "state"]
    (executor,) = task["executors"]
    return (executor["image"], executor["command"]) == ("alpine", ["echo", "hello"]) and {"id", "state"} < task.keys()


def makes(**more: Any) -> Callable[[Served], bool]:
    """A task with *more* is taken."""
    return lambda served: bool(create(served, {**ECHO, **more}))


def gets(view: str) -> Callable[[Served], bool]:
    return lambda served: is_in_view(get(served, create(served, ECHO), view), view)


def lists(view: str) -> Callable[[Served], bool]:
    def check(served: Served) -> bool:
        create(served, ECHO)
        return [is_in_view(task, view) for task in listed(served, view=view)["tasks"]] == [True]

    return check


def cancels(served: Served) -> bool:
    task = create(served, ECHO)
    answer = served.call("POST", f"{BASE}/tasks/{task}:cancel").json
    return (answer, get(served, task)["state"]) == ({}, "CANCELED")


def completes(served: Served) -> bool:
    task = create(served, ECHO)
    run(served)
    return bool(get(served, task)["state"] == "COMPLETE")


def refuses_unknown_parameters(served: Served) -> bool:
    strict = {"backend_parameters": {"INVALID": "PARAMETER"}, "backend_parameters_strict": True}
    return "INVALID" in refused(post(served, {**ECHO, "resources": strict}))


def filters_names(served: Served) -> bool:
    create(served, {**ECHO, "name": "e70d-Test"})
    create(served, {**ECHO, "name": "Test-f932"})
    names = [
        [task["name"] for task in listed(served, view="BASIC", name_prefix=begin)["tasks"]]
        for begin in ("e70d-Test", "e70d", "f932")
    ]
    return names == [["e70d-Test"], ["e70d-Test"], []]


def filters_states(served: Served) -> bool:
    done = completes(served)
    create(served, ECHO)
    return done and [task["state"] for task in listed(served, state="COMPLETE")["tasks"]] == ["COMPLETE"]


def filters_tags(served: Served) -> bool:
    """In any order; a key without a value stands for all; an empty value is one."""
    create(served, {**ECHO, "tags": TAGS})
    create(served, {**ECHO, "tags": {"abc": ""}})
    create(served, ECHO)

    def tags(key: list[str], value: list[str]) -> list[Any]:
        return [task["tags"] for task in listed(served, view="BASIC", tag_key=key, tag_value=value)["tasks"]]

    return (
        tags(["foo", "lorem", "task", "baz"], ["bar", "ipsum", "create", "bat"]) == [TAGS]
        and tags(["foo", "lorem", "baz"], ["bar", "ipsum"]) == [TAGS]
        and tags(["foo", "lorem", "extra"], ["bar", "ipsum"]) == []
        and tags(["foo"], ["wrong"]) == []
        and tags(["abc"], []) == [{"abc": ""}]
        and tags(["none"], ["none"]) == []
    )


def pages_have_a_size(served: Served) -> bool:
    for _ in range(3):
        create(served, ECHO)
    return [len(listed(served, page_size=size)["tasks"]) for size in (1, 2)] == [1, 2]


def pages_have_tokens(served: Served) -> bool:
    tasks = {create(served, ECHO), create(served, ECHO)}
    first = listed(served, page_size=1)
    second = listed(served, page_size=1, page_token=first["next_page_token"])
    return {page["tasks"][0]["id"] for page in (first, second)} == tasks


def says_what_it_is(served: Served) -> bool:
    info = served.call("GET", f"{BASE}/service-info").json
    return bool({"id", "name", "type", "organization", "version"} <= info.keys())


LIST: dict[str, Callable[[Served], bool]] = {
    "cancel_task": cancels,
    "cancel_task_functional": cancels,
    "create_task": makes(),
    "create_task_backend_parameters": makes(resources={"backend_parameters": {"VmSize": "Large", "Caching": "x"}}),
    "create_task_backend_parameters_negative": refuses_unknown_parameters,
    "create_task_functional": completes,
    "create_task_inputs": makes(inputs=[{**S3, "type": "FILE"}]),
    "create_task_optional_filetype": makes(inputs=[S3], outputs=[S3]),
    "create_task_outputs": makes(outputs=[{**S3, "type": "FILE"}]),
    "create_task_streamable": makes(inputs=[{**S3, "name": "n", "description": "d", "streamable": True}]),
    "filter_task_by_name": filters_names,
    "filter_task_by_state": filters_states,
    "filter_task_by_tag": filters_tags,
    "get_task_basic": gets("BASIC"),
    "get_task_full": gets("FULL"),
    "get_task_minimal": gets("MINIMAL"),
    "list_tasks_basic": lists("BASIC"),
    "list_tasks_full": lists("FULL"),
    "list_tasks_minimal": lists("MINIMAL"),
    "list_tasks_page_size": pages_have_a_size,
    "list_tasks_page_token": pages_have_tokens,
    "service_info": says_what_it_is,
}
"""By its names."""


@pytest.mark.parametrize("name", LIST)
def test_of_the_list_of_compliance(served: Served, name: str) -> None:
    assert LIST[name](served)


def test_all_of_the_list_are_here_but_one() -> None:
    assert len(LIST) == 22
