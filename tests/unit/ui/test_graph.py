"""Graphs: layers by the longest path, alike tasks in one node, and no more than can be looked at."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from awed.ui.grouping import MOST, Step, shape
from awed.ui.layout import layered
from tests.unit.api.served import Served
from tests.unit.ui.browsing import text


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """For each node some of those before it."""
    size = draw(st.integers(0, 30))
    return [draw(st.lists(st.integers(0, n - 1), max_size=3, unique=True)) if n else [] for n in range(size)]


@given(graphs())
def test_nodes_stand_after_those_before_them_and_none_on_another(parents: list[list[int]]) -> None:
    found = layered(parents)
    for node, before in enumerate(parents):
        assert found.layer[node] == 1 + max((found.layer[parent] for parent in before), default=-1)
    places = sorted(zip(found.layer, found.row, strict=True))
    for (layer, row), (next_layer, next_row) in pairwise(places):
        assert layer != next_layer or next_row - row > 0.999


def test_two_lines_that_need_not_cross_do_not() -> None:
    found = layered([[], [], [1], [0]])
    assert (found.row[1] < found.row[0]) == (found.row[2] < found.row[3])


def scatter(width: int, *, chains: bool) -> list[Step]:
    """Split, many parts, for each of them one more step, joined."""
    parts = [Step(f"a{n}", ["split"], "align") for n in range(width)]
    sorts = [Step(f"s{n}", [f"a{n}"], "sort") for n in range(width)] if chains else []
    return [Step("split", [], "split"), *parts, *sorts, Step("join", [step.id for step in sorts or parts], "join")]


def test_many_tasks_that_are_alike_are_one_node() -> None:
    found = shape(scatter(5000, chains=False))
    assert found
    assert (found.parents, len(found.members[1])) == (((), (0,), (1,)), 5000)
    found = shape(scatter(2500, chains=True))
    assert found
    assert (found.parents, len(found.members[2])) == (((), (0,), (1,), (2,)), 2500)
    found = shape(scatter(20, chains=True))
    assert found
    assert (len(found.members), found.is_whole) == (42, True)


def test_what_is_too_much_to_draw_is_not_drawn() -> None:
    assert shape([Step(str(n), [str(n - 1)] if n else [], "x") for n in range(MOST + 1)]) is None


def test_the_picture_names_each_task_and_its_state(served: Served) -> None:
    tasks = [{"taskid": "a", "cmd": {"name": "x"}}, {"taskid": "ü#?", "cmd": {"name": "y"}, "dependsOn": ["a"]}]
    job = served.submit({"info": {"name": "n"}, "tasks": tasks})["id"]
    page = text(served.call("GET", f"/ui/job/{job}"))
    assert 'data-task="a" data-state="queued"' in page
    assert 'data-task="ü#?" data-state="pending"' in page
    assert served.call("GET", f"/ui/job/{job}/task/%C3%BC%23%3F").status == 200
    assert "/task/%C3%BC%23%3F" in page
