"""Texts of parameters become values, or an error that says what is expected."""

from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.model.errors import Invalid
from awed.web.kinds import COUNT, FLAG, INTEGER, SECONDS, TEXT, TEXTS, Kind, count, filled, kind_of, or_empty, word


def read(kind: Kind[Any], *texts: str) -> Any:
    return kind.read("x", texts)


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (COUNT, "0", 0),
        (INTEGER, "-3", -3),
        (SECONDS, "1.5", 1.5),
        (FLAG, "false", True),
        (TEXT, "a,b", "a,b"),
        (word(["asc", "desc"]), "asc", "asc"),
        (word(Size), "large", Size.LARGE),
        (or_empty(COUNT), "", None),
        (or_empty(COUNT), "7", 7),
        (filled("it lacks"), "a", "a"),
    ],
)
def test_values(kind: Kind[Any], text: str, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text", "fault"),
    [
        *(
            (COUNT, text, "a non-negative integer")
            for text in ("abc", "-1", "", "1.5", " 1", "1_0", "٣", "9" * 30, "1\n")
        ),
        (count(2, 5), "1", "at least 2"),
        (count(2, 5), "6", "at most 5"),
        (INTEGER, "1.5", "an integer"),
        *((SECONDS, text, "a number of seconds") for text in ("x", "nan", "inf", "-1", "")),
        (word(["asc", "desc"]), "up", "one of asc, desc"),
        (word(Size), "", "one of small, large"),
        (or_empty(COUNT), "x", "a non-negative integer"),
    ],
)
def test_faults(kind: Kind[Any], text: str, fault: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(kind, text)
    assert caught.value.texts == [f"x must be {fault}, found: {text}"]


def test_a_text_that_must_be_there() -> None:
    with pytest.raises(Invalid, match="it lacks"):
        read(filled("it lacks"), "")


def test_values_may_be_repeated_or_joined_by_commas() -> None:
    assert read(TEXTS, "a,b", "c", "") == ["a", "b", "c"]


@given(st.text())
def test_nothing_but_invalid_is_ever_raised(text: str) -> None:
    for kind in (COUNT, INTEGER, SECONDS, FLAG, TEXT, TEXTS, word(Size)):
        try:
            read(kind, text)
        except Invalid:
            continue


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (bool, "", True),
        (int, "3", 3),
        (int | None, "3", 3),
        (float, "3", 3.0),
        (list[str], "a,b", ["a", "b"]),
        (Literal["a", "b"], "b", "b"),
        (Size | None, "small", Size.SMALL),
    ],
)
def test_a_type_has_its_kind(hint: Any, text: str, value: object) -> None:
    assert read(kind_of(hint), text) == value


@pytest.mark.parametrize("hint", [bytes, dict[str, str], int | str, None])
def test_a_type_that_no_parameter_has(hint: Any) -> None:
    with pytest.raises(TypeError, match="cannot be of type"):
        kind_of(hint)
