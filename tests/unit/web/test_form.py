"""Bodies in pieces become the same form, however they are cut."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awed.model.errors import Invalid, NoSpace, TooLarge
from awed.web import form
from awed.web.form import IN_MEMORY, Form, Part, Spool, receiver_for
from awed.web.short import short_form
from tests.unit.web.traversal import at_once

MULTIPART = "multipart/form-data; boundary=b"

CONTENTS = st.binary(max_size=300).filter(lambda data: b"--b" not in data) | st.sampled_from(
    [b"\r\n--c", b"\r\n-", b"\r", b"x" * (IN_MEMORY + 1)]
)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, at_once)


def multipart(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = b""
    for name, filename, data in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--b--\r\n"


def parse(body: bytes, spool: Spool, content_type: str = MULTIPART, piece: int = 1 << 20) -> Form:
    receiver = receiver_for(content_type, spool)
    for start in range(0, len(body), piece):
        receiver.feed(body[start : start + piece])
    return receiver.finish()


def content(part: Part) -> bytes:
    return part.path.read_bytes() if part.path else part.data or b""


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(CONTENTS, max_size=5), piece=st.integers(1, 3000))
def test_pieces_of_any_size_give_the_same_parts(spool: Spool, data: list[bytes], piece: int) -> None:
    body = multipart(*((str(number), f"f{number}", value) for number, value in enumerate(data)))
    parts = parse(body, spool, piece=piece).parts
    assert [content(part) for part in parts] == data
    assert [part.md5 for part in parts] == [hashlib.md5(value).hexdigest() for value in data]
    assert [part.size for part in parts] == [len(value) for value in data]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(CONTENTS.filter(lambda data: not data.endswith(b"\r")), max_size=5),
    piece=st.integers(1, 3000),
    end=st.sampled_from([b"\n", b"\r\n"]),
)
def test_lines_may_end_with_a_line_feed_alone(spool: Spool, data: list[bytes], piece: int, end: bytes) -> None:
    """All of them, or all but the boundaries. What is in the parts stays as it is, with whatever ends of lines."""
    body = b"".join(
        b'--b%bContent-Disposition: form-data; name="%d"; filename="f"\nContent-Type: text/plain\n\n%b%b'
        % (end, number, value, end)
        for number, value in enumerate(data)
    )
    parts = parse(body + b"--b--" + end, spool, piece=piece).parts
    assert [content(part) for part in parts] == data
    assert [part.filename for part in parts] == ["f"] * len(data)


@pytest.mark.parametrize(
    "body",
    [
        b"--b\n" + b"a: b\n" * 1000,
        b"--b\n" + b"a" * 20_000,
        b"--b\r\n" + b"a" * 20_000,
        b"--b\nA: b\n\nx",
        b"--b\r\nA: b\n\nx",
        b"--b\r\n\nx",
        b"--b",
    ],
)
def test_what_ends_with_a_line_feed_alone_and_is_no_form(spool: Spool, body: bytes) -> None:
    for piece in (1 << 20, 7):
        with pytest.raises((Invalid, TooLarge)):
            parse(body, spool, piece=piece)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("filename*=UTF-8''gr%C3%BCn.txt", "grün.txt"),
        ("filename=\"gruen.txt\"; filename*=utf-8'de'gr%C3%BCn.txt", "grün.txt"),
        ("filename*=iso-8859-1''gr%FCn.txt; filename=gruen.txt", "grün.txt"),
        ("filename=\"a; filename*=utf-8''b\"", "a; filename*=utf-8''b"),
        ("filename=\"a\"; filename*=utf-9''%41", "a"),
        ("filename=\"a\"; filename*=utf-8''%FF", "a"),
    ],
)
def test_an_encoded_file_name_goes_before_the_plain_one(spool: Spool, told: str, name: str) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="f"; {told}\r\n\r\nx\r\n--b--\r\n'.encode()
    [part] = parse(body, spool).parts
    short = short_form(MULTIPART, body, spool)
    assert short is not None
    assert (part.filename, short.parts[0].filename) == (name, name)


def test_a_part_is_a_file_only_when_it_is_large(spool: Spool) -> None:
    small, large = parse(multipart(("a", "f", b"x" * IN_MEMORY), ("b", "g", b"y" * (IN_MEMORY + 1))), spool).parts
    assert (small.path, large.data) == (None, None)
    assert small.data == b"x" * IN_MEMORY
    assert large.path is not None
    assert large.path.parent == spool.directory


def test_a_form_that_has_only_its_closing_boundary_is_empty(spool: Spool) -> None:
    assert parse(b"\r\n--b--\r\n", spool) == Form(is_form=True)


def test_a_text_field_has_no_file_name_and_an_empty_file_is_a_part(spool: Spool) -> None:
    parsed = parse(multipart(("t", None, "grün".encode()), ("f", "", b"")), spool)
    assert parsed.text("t") == "grün"
    assert [part.filename for part in parsed.parts] == [None, ""]
    assert parsed.get("g") is None


@pytest.mark.parametrize(
    "body", [b"", b"--b", b"nothing", multipart(("a", "f", b"x"))[:-6], b"--b\r\nno header\r\n\r\nx\r\n--b--"]
)
def test_a_malformed_or_cut_off_form_is_refused(spool: Spool, body: bytes) -> None:
    with pytest.raises(Invalid, match="malformed multipart form"):
        parse(body, spool)


def test_multipart_without_a_boundary_is_refused(spool: Spool) -> None:
    with pytest.raises(Invalid):
        receiver_for("multipart/form-data", spool)


def test_text_fields_and_their_number_are_limited(spool: Spool) -> None:
    with pytest.raises(TooLarge, match="form field t is longer"):
        parse(multipart(("t", None, b"x" * (IN_MEMORY + 1))), spool)
    with pytest.raises(TooLarge):
        parse(multipart(*[("t", None, b"")] * (form.MAX_PARTS + 1)), spool)
    with pytest.raises(TooLarge):
        parse(b"a=" + b"x" * form.MAX_URLENCODED, spool, "application/x-www-form-urlencoded")


def test_discard_leaves_nothing_but_what_was_moved_away(spool: Spool) -> None:
    receiver = receiver_for(MULTIPART, spool)
    receiver.feed(multipart(("a", "f", b"x" * 100_000), ("b", "g", b"y" * 100_000)))
    path = receiver.finish().parts[1].path
    assert path is not None
    kept = path.rename(spool.directory / "kept")
    receiver.discard()
    assert list(spool.directory.iterdir()) == [kept]


def test_a_large_file_is_no_text(spool: Spool) -> None:
    form = parse(multipart(("a", "f", b"x" * (IN_MEMORY + 1))), spool)
    with pytest.raises(TooLarge, match="form field a is longer"):
        form.text("a")


def test_a_cut_off_upload_leaves_nothing(spool: Spool) -> None:
    receiver = receiver_for(MULTIPART, spool)
    receiver.feed(multipart(("a", "f", b"x" * 100_000))[:90_000])
    assert list(spool.directory.iterdir())
    receiver.discard()
    assert not list(spool.directory.iterdir())


def test_an_upload_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSpace):
        parse(b"x" * 100_000, Spool(tmp_path, at_once, min_free=1 << 60), "text/plain")


def test_a_long_field_of_an_urlencoded_form_is_text_and_no_file_that_stays(spool: Spool) -> None:
    found = parse(b"a=" + b"x" * 100_000, spool, "application/x-www-form-urlencoded")
    assert found.text("a") == "x" * 100_000
    assert not list(spool.directory.iterdir())


def test_plain_and_urlencoded_bodies(spool: Spool) -> None:
    plain = parse(b"hello", spool, "").plain
    assert plain is not None
    assert plain.data == b"hello"
    assert parse(b"", spool, "text/plain") == Form(is_form=False)
    parsed = parse(b"a=1&b=%20&c=&%C3%A9=%D9%A3", spool, "application/x-www-form-urlencoded; charset=utf-8")
    assert [(part.name, part.text()) for part in parsed.parts] == [("a", "1"), ("b", " "), ("c", ""), ("é", "٣")]
    (part,) = parse(b"a=%ff\xfe", spool, "application/x-www-form-urlencoded").parts
    assert part.data == b"\xff\xfe"
