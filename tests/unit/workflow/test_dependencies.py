"""Circles are found where there are some, and shown in order."""

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from awed.workflow.dependencies import cycles


def test_no_circle() -> None:
    assert cycles({"a": [], "b": ["a"], "c": ["a", "b", "elsewhere"]}) == []


def test_a_circle_begins_with_its_first_task() -> None:
    assert cycles({"x": ["c"], "a": ["b"], "b": ["c"], "c": ["a"]}) == [["a", "b", "c", "a"]]


def test_each_of_two_circles_is_shown() -> None:
    assert cycles({"a": ["a"], "b": ["c"], "c": ["b"], "d": ["c"]}) == [["a", "a"], ["b", "c", "b"]]


names = st.sampled_from("abcdefg")


@given(st.dictionaries(names, st.lists(names, max_size=3), max_size=7))
def test_as_the_standard_library_finds_them(dependencies: dict[str, list[str]]) -> None:
    """There is a circle exactly if there is no order, and what is shown is one."""
    try:
        list(TopologicalSorter(dependencies).static_order())
        expected = False
    except CycleError:
        expected = True
    found = cycles(dependencies)
    assert bool(found) == expected
    for circle in found:
        assert circle[0] == circle[-1]
        assert all(after in dependencies[task] for task, after in pairwise(circle))
        assert len(set(circle)) == len(circle) - 1
