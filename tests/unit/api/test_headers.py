"""Header fields are read whatever their bytes are."""

import pytest
from klein import Klein
from twisted.web.iweb import IRequest

from awed.api.headers import header
from tests.unit.api.wire import parse, raw


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
