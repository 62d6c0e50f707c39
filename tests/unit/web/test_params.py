"""Query strings of every kind: flags, values, repetitions, nonsense."""

import pytest
from klein import Klein
from twisted.web.iweb import IRequest

from awed.model.errors import Invalid
from awed.web.params import header, parse_query
from tests.unit.web.wire import parse, raw


def test_a_flag_has_no_value_and_is_seen() -> None:
    assert parse_query(b"active&limit=2&report=") == {"active": [""], "limit": ["2"], "report": [""]}
    assert parse_query(b"") == parse_query(b"&") == {}


def test_values_are_decoded() -> None:
    assert parse_query("name=a+b%20ä%C3%A4".encode()) == {"name": ["a b ää"]}


@pytest.mark.parametrize("query", [b"a=%ff", b"a=\xff", b"%ff"])
def test_a_query_that_is_not_utf8(query: bytes) -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        parse_query(query)


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
