"""A response is the same however it was cut on its way, and what is none is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.client.calls import Response
from awed.client.reader import LONGEST_HEAD, Reader

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDatatoken: a:b\r\n\r\nbody"
CHUNKED = (
    b"HTTP/1.1 400 No\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nbo\r\r\nA\r\n0\r\n\r\n56789\r\n0\r\nT: 1\r\n\r\n"
)
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
WHOLE = [(PLAIN, 200, b"body"), (CHUNKED, 400, b"bo\r0\r\n\r\n56789"), (CONTINUED, 204, b""), (EMPTY, 200, b"")]
UNFRAMED = b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>"


def read(received: bytes) -> Response | None:
    return Reader().feed(received)


@given(cases=st.lists(st.sampled_from(WHOLE), min_size=1, max_size=3), drawn=st.data())
def test_each_is_read_in_whatever_pieces_it_comes(
    cases: list[tuple[bytes, int, bytes]], drawn: st.DataObject
) -> None:
    reader = Reader()
    for received, status, content in cases:
        cuts = sorted(drawn.draw(st.sets(st.integers(1, len(received) - 1))))
        *pieces, last = [received[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(received)], strict=True)]
        assert [reader.feed(piece) for piece in pieces] == [None] * len(pieces)
        response = reader.feed(last)
        assert response is not None
        assert (response.status, response.content) == (status, content)
        assert not reader.closes


def test_headers_have_names_in_lower_case_and_values_as_they_are() -> None:
    response = read(PLAIN)
    assert response is not None
    assert response.headers["datatoken"] == "a:b"


def test_a_server_may_close_after_an_answer() -> None:
    reader = Reader()
    assert reader.feed(PLAIN.replace(b"Datatoken: a:b", b"connection: Close")) is not None
    assert reader.closes


def test_without_a_length_it_ends_with_the_connection() -> None:
    reader = Reader()
    assert reader.feed(UNFRAMED) is None
    assert reader.feed(b"</html>") is None
    response = reader.end()
    assert (response.status, response.content) == (502, b"<html></html>")


@pytest.mark.parametrize("received", [b"", b"\r\n\r\n", PLAIN[:20], PLAIN[:-1], CHUNKED[:-1], CONTINUED[:30]])
def test_half_an_answer_is_none(received: bytes) -> None:
    reader = Reader()
    assert reader.feed(received) is None
    with pytest.raises(ValueError, match="in the middle of an answer"):
        reader.end()


@pytest.mark.parametrize(
    "received",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\n",
        PLAIN + b"H",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * LONGEST_HEAD,
    ],
)
def test_what_is_no_answer_is_told(received: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(received)


@given(st.binary())
def test_whatever_comes_is_a_response_or_more_of_it_or_an_error(received: bytes) -> None:
    for start in (b"", b"HTTP/1.1 ", PLAIN[:-4], CHUNKED[:-20]):
        reader = Reader()
        try:
            reader.feed(start + received)
            reader.end()
        except ValueError:
            pass


def test_the_secrets_of_a_command_come_in_a_header_and_are_utf8() -> None:
    response = Reader().feed('HTTP/1.1 200 OK\r\nPrivateenv: {"A":"wörd à"}\r\nContent-Length: 0\r\n\r\n'.encode())
    assert response is not None
    assert response.headers["privateenv"] == '{"A":"wörd à"}'


def test_what_follows_the_body_is_no_header() -> None:
    response = read(CHUNKED)
    assert response is not None
    assert response.headers == {"transfer-encoding": "Chunked"}
