"""A short form in one piece is what it is in pieces."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awed.api.form import IN_MEMORY, Form, Spool, receiver_for
from awed.api.short_form import LONGEST_HEAD, MOST_PARTS, short_form
from awed.model.errors import AwedError
from tests.unit.api.test_form import MULTIPART, multipart
from tests.unit.api.traversal import at_once

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
        (MULTIPART, multipart(("a" * LONGEST_HEAD, None, b"x"))),
        (MULTIPART, multipart(("a", "f", b"x" * IN_MEMORY))),
        (MULTIPART, multipart(*[("a", None, b"")] * (MOST_PARTS + 1))),
        (MULTIPART, b""),
    ],
)
def test_what_is_unusual_is_left_to_the_parser(spool: Spool, content_type: str, body: bytes) -> None:
    assert short_form(content_type, body, spool) is None
