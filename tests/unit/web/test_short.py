"""A request is the same, in one piece of data or in two, which twisted.web puts together."""

import re
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.web.test.requesthelper import DummyChannel

from awed.model.errors import AwedError
from awed.web.form import IN_MEMORY, Form, Spool, receiver_for
from awed.web.params import change_header, header
from awed.web.request import ShortRequest
from awed.web.short import LONGEST_HEAD, LONGEST_PART_HEAD, MOST_PARTS, WholeRequest, short_form, whole_request
from tests.unit.api.served import Served
from tests.unit.web.test_form import MULTIPART, multipart
from tests.unit.web.traversal import at_once

REQUESTS = [
    b"GET /queue HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /queue HTTP/1.1\r\n\r\n",
    b"GET /job?x=y&flag HTTP/1.1\r\nhost:h\r\nX-REQUEST-ID:\t mine \r\nA: b\r\nA:  c\t\r\nE:\r\n\r\n",
    b"HEAD /queue HTTP/1.1\r\nHost: h\r\n\r\n",
    b"PUT /logger?debug=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    b"POST /job HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /job HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data\r\nContent-Length: 2\r\n\r\n{}",
    b"GET //queue HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
]
"""Such as are read in one step."""

OTHERS = [
    b"GET http://g:1/queue?json HTTP/1.1\r\nHost: h\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\r\nGET /queue HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /queue HTTP/1.0\r\nHost: h\r\n\r\n",
    b"GET /queue HTTP/2.0\r\nHost: h\r\n\r\n",
    b"get /queue HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET  /queue HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /queue\xff HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost : h\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\nA: a\0b\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\nA: a\nb: c\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\nA: a\rb\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
    b"GET /queue HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n\r\n",
    b"PUT /job/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    b"PUT /job/x HTTP/1.1\r\nHost: h\r\nContent-Length: -2\r\n\r\n{}",
    b"PUT /job/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n{}",
    b"PUT /job/x HTTP/1.1\r\nHost: h\r\nContent-Length: %b\r\n\r\n{}" % (b"1" * 5000),
    b"PUT /job/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    b"PUT /job/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"PUT /job/x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /queue HTTP/1.1\r\n" + b"A: b\r\n" * 600 + b"\r\n",
    b"GET /queue HTTP/1.1\r\nA: " + b"b" * LONGEST_HEAD + b"\r\n\r\n",
]
"""Such as are left to twisted.web."""


def told(served: Served, *pieces: bytes) -> tuple[bytes, bool]:
    """All that a connection says to what comes in these pieces, and whether it closes."""
    connection, transport = served.connect()
    for piece in pieces:
        connection.dataReceived(piece)
    said = re.sub(rb"X-Request-Id: [0-9a-f]{8}-\d+|Date: [^\r]+", b"", transport.value())
    return said, transport.disconnecting


@pytest.mark.parametrize("data", REQUESTS + OTHERS)
def test_the_answer_is_the_same_in_one_piece_and_in_two(tmp_path: Path, data: bytes) -> None:
    expected = told(Served(tmp_path), data[:10], data[10:])
    assert told(Served(tmp_path), data) == expected


@pytest.mark.parametrize("cut", [0, 10])
def test_ways_to_write_a_target(served: Served, cut: int) -> None:
    """Paths with more slashes than needed, as workers send whose server URL ends in one; whole URLs, whose host goes
    before the field."""

    def answer(target: str) -> bytes:
        request = f"GET {target} HTTP/1.1\r\nHost: field.example\r\n\r\n".encode()
        said, _ = told(served, request[:cut], request[cut:]) if cut else told(served, request)
        return said.rpartition(b"\r\n\r\n")[2]

    queue = answer("/queue?json")
    assert queue.startswith(b'{"status":200')
    for target in ("//queue?json", "///queue?json", "http://h.example/queue?json", "HTTP://h.example//queue?json"):
        assert answer(target) == queue
    assert b'"url":"http://h.example:8001/"' in answer("http://h.example:8001")
    assert b'"url":"http://field.example/"' in answer("//")
    for target in ("http://u:p@h.example/queue", "http:///queue"):
        assert b"the Host header is not a host name" in answer(target)
    assert answer("ftp://h.example/queue").startswith(b'{"status":404')


@pytest.mark.parametrize("data", REQUESTS)
def test_what_is_usual_is_read_in_one_step(data: bytes) -> None:
    assert whole_request(data) is not None


@pytest.mark.parametrize("data", OTHERS)
def test_what_is_unusual_is_not(data: bytes) -> None:
    assert whole_request(data) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(
        st.sampled_from([*b"GET /queue HTTP/1.1\r\n: ;=aZ09\t\0\xff{}"]).map(lambda c: bytes([c])), max_size=40
    )
)
def test_whatever_is_in_a_head(served: Served, data: list[bytes]) -> None:
    request = b"GET /queue HTTP/1.1\r\nA:%b\r\n\r\n" % b"".join(data)
    assert told(served, request) == told(served, request[:10], request[10:])


def test_what_is_read_in_one_step_is_whole() -> None:
    found = whole_request(b"PUT /a?b HTTP/1.1\r\nhost: h\r\nX-A: 1\r\nx-a:2\r\nContent-Length: 3\r\n\r\nabc")
    assert found is not None
    assert (found.method, found.target, found.body) == (b"PUT", b"/a?b", b"abc")
    assert list(found.headers.getAllRawHeaders()) == [
        (b"Host", [b"h"]),
        (b"X-A", [b"1", b"2"]),
        (b"Content-Length", [b"3"]),
    ]


def test_a_header_that_is_changed_is_changed_for_one_request_alone() -> None:
    """Requests of the same head have their headers in common."""
    data = b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: nobody\r\n\r\n"
    requests = [ShortRequest(DummyChannel()) for _ in range(3)]  # type: ignore[no-untyped-call]
    for request in requests:
        request.requestHeaders = cast(WholeRequest, whole_request(data)).headers
    assert requests[0].requestHeaders is requests[1].requestHeaders
    change_header(requests[0], b"Authorization", None)
    change_header(requests[1], b"authorization", b"somebody")
    assert [header(request, b"authorization") for request in requests] == [None, "somebody", "nobody"]
    assert [header(request, b"host") for request in requests] == ["h"] * 3
    with pytest.raises(TypeError):
        requests[2].requestHeaders.addRawHeader("A", "b")
    with pytest.raises(TypeError):
        requests[2].requestHeaders.setRawHeaders("A", ["b"])
    with pytest.raises(TypeError):
        requests[2].requestHeaders.removeHeader("Host")


def test_requests_in_one_piece_follow_one_another(served: Served) -> None:
    connection, transport = served.connect()
    for number in range(3):
        connection.dataReceived(b"GET /queue HTTP/1.1\r\nHost: h\r\n\r\n")
        assert transport.value().count(b"HTTP/1.1 200 OK") == number + 1


def test_a_request_that_comes_before_the_last_one_is_answered_waits_for_its_turn(served: Served) -> None:
    connection, transport = served.connect()
    served.register(id="a")
    connection.dataReceived(b"GET /work?client=a&wait=5 HTTP/1.1\r\nHost: h\r\n\r\n")
    connection.dataReceived(b"GET /queue HTTP/1.1\r\nHost: h\r\n\r\n")
    assert transport.value() == b""
    served.clock.advance(5)
    assert transport.value().count(b"HTTP/1.1 ") == 2


@pytest.mark.parametrize("kind", [b"\xff", b"multipart/form-data; boundary=\xff", b"multipart/form-data; boundary=b"])
def test_a_content_type_that_is_no_text_is_answered_like_any_other_that_makes_no_sense(
    tmp_path: Path, kind: bytes
) -> None:
    head = b"POST /job HTTP/1.1\r\nHost: h\r\nContent-Type: %b\r\nContent-Length: 2\r\n\r\n" % kind
    for pieces in [(head + b"{}",), (head, b"{}")]:
        answer, _ = told(Served(tmp_path), *pieces)
        assert answer.startswith(b"HTTP/1.1 400 ")


PIECES = [
    *(b"--b", b"\r\n", b"\r\n--b", b"--", b"\n", b"\r", b"--b--", b"x", b":", b" "),
    b'Content-Disposition: form-data; name="a"',
    b'Content-Disposition: form-data; name="a"; filename="f"',
    b"Content-Type: text/plain",
    b"Content-Length: 1",
]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, at_once)


def shown(form: Form) -> object:
    return form.is_form, [(part.name, part.filename, part.size, part.data, part.md5) for part in form.parts]


def in_pieces(body: bytes, spool: Spool) -> object:
    """What comes of *body*, fed in two pieces."""
    receiver = receiver_for(MULTIPART, spool)
    try:
        receiver.feed(body[:3])
        receiver.feed(body[3:])
        return shown(receiver.finish())
    except AwedError as error:
        return error


def test_a_form_as_workers_send_it(spool: Spool) -> None:
    body = multipart(("perf", "perf", b'{"a": 1}'), ("notes", None, "grün\r\n".encode()), ("stdout", "", b""))
    form = short_form(MULTIPART, body, spool)
    assert form is not None
    assert shown(form) == in_pieces(body, spool)
    assert form.text("notes") == "grün\r\n"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=15))
def test_whatever_is_taken_is_the_same_in_pieces(spool: Spool, pieces: list[bytes]) -> None:
    for body in (
        b"".join(pieces),
        multipart(("a", None, b"".join(pieces))),
        b"--b\r\n" + b"".join(pieces) + b"\r\n--b--",
    ):
        form = short_form(MULTIPART, body, spool)
        assert form is None or shown(form) == in_pieces(body, spool)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", multipart(("a", None, b"x"))),
        ('multipart/form-data; boundary="b"', multipart(("a", None, b"x"))),
        ("application/x-www-form-urlencoded", b"a=b"),
        (MULTIPART, b"preamble\r\n" + multipart(("a", None, b"x"))),
        (MULTIPART, multipart(("a", None, b"x")) + b"epilogue"),
        (MULTIPART, multipart(("a", None, b"x"))[:-6]),
        (MULTIPART, multipart(("a", None, b"x\r\n--bc"))),
        (MULTIPART, b"--b\r\n\r\nno head\r\n--b--\r\n"),
        (MULTIPART, b"--b\r\nA: b\r\n\r\nno name\r\n--b--\r\n"),
        (MULTIPART, multipart(("a" * LONGEST_PART_HEAD, None, b"x"))),
        (MULTIPART, multipart(("a", "f", b"x" * IN_MEMORY))),
        (MULTIPART, multipart(*[("a", None, b"")] * (MOST_PARTS + 1))),
        (MULTIPART, b""),
    ],
)
def test_what_is_unusual_is_left_to_the_parser(spool: Spool, content_type: str, body: bytes) -> None:
    assert short_form(content_type, body, spool) is None
