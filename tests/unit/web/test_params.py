"""Query strings of every kind: flags, values, repetitions, nonsense."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from klein import Klein
from twisted.web.iweb import IRequest

from awed.model.errors import Invalid
from awed.web.params import Params, header
from tests.unit.web.wire import parse, raw


def test_a_flag_has_no_value_and_is_seen() -> None:
    params = Params(b"active&limit=2&report=")
    assert "active" in params
    assert "report" in params
    assert "query" not in params
    assert list(params) == ["active", "limit", "report"]
    assert not Params(b"")


def test_values_may_be_repeated_or_joined_by_commas() -> None:
    params = Params(b"state=a,b&state=c&state=&x=%2C")
    assert params.texts("state") == ["a", "b", "c"]
    assert params.text("state") == "a,b"
    assert params.texts("y") == []


def test_values_are_decoded() -> None:
    assert Params("name=a+b%20ä%C3%A4".encode()).text("name") == "a b ää"


@pytest.mark.parametrize("query", [b"a=%ff", b"a=\xff", b"%ff"])
def test_a_query_that_is_not_utf8(query: bytes) -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        Params(query)


@pytest.mark.parametrize("text", ["abc", "-1", "", "1.5", " 1", "1_0", "٣", "9" * 30])
def test_a_count_is_a_non_negative_integer(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Params(f"limit={text}".encode()).count("limit", 25)
    assert caught.value.texts == [f"limit must be a non-negative integer, found: {text}"]


def test_numbers() -> None:
    params = Params(b"limit=0&n=-3&wait=1.5")
    assert (params.count("limit", 25), params.count("offset", 7)) == (0, 7)
    assert (params.integer("n", 0), params.integer("m", 1)) == (-3, 1)
    assert (params.seconds("wait", 0.0), params.seconds("pause", 2.0)) == (1.5, 2.0)


@pytest.mark.parametrize("text", ["x", "nan", "inf", "-1", ""])
def test_seconds_are_a_finite_number_from_0_up(text: str) -> None:
    with pytest.raises(Invalid, match="wait must be a number of seconds, found"):
        Params(f"wait={text}".encode()).seconds("wait", 0.0)


def test_a_choice_names_what_there_is() -> None:
    with pytest.raises(Invalid, match="direction must be one of asc, desc, found: up"):
        Params(b"direction=up").choice("direction", ("asc", "desc"), "desc")


@given(st.binary(max_size=60))
def test_nothing_but_invalid_is_ever_raised(query: bytes) -> None:
    readers: list[Callable[[Params], object]] = [
        lambda params: params.count("a", 0),
        lambda params: params.integer("a", 0),
        lambda params: params.seconds("a", 0.0),
        lambda params: params.texts("a"),
    ]
    for read in readers:
        try:
            read(Params(b"a=" + query))
        except Invalid:
            continue


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"", None),
        (b"Authorization:\r\n", ""),
        (b"authorization: OAuth t\r\n", "OAuth t"),
        ("Authorization: ä\r\n".encode(), "ä"),
        (b"Authorization: OAuth \xff\r\n", "OAuth \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_field_of_any_bytes(field: bytes, value: str | None) -> None:
    found = []
    app = Klein()

    @app.route("/")
    def look(request: IRequest) -> bytes:
        found.append(header(request, b"authorization"))
        return b""

    parse(raw(app.resource(), b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n"))
    assert found == [value]
