"""A form is read as it was written, whatever its names and contents are."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from multipart import MultipartParser, parse_options_header

from awed.wire.multipart import Field, form

Read = list[tuple[str, str | None, bytes]]

names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1, max_size=20)
fields = st.builds(Field, names, st.binary(), st.none() | names)


def read(sent: list[Field[bytes]]) -> Read:
    """The parts of the form as a server sees them."""
    content_type, pieces = form(sent)
    _, options = parse_options_header(content_type)
    parts = MultipartParser(BytesIO(b"".join(pieces)), options["boundary"], strict=True)
    return [(part.name, part.filename, part.raw) for part in parts]


@given(st.lists(fields, min_size=1, max_size=4))
def test_it_is_read_as_it_was_written(sent: list[Field[bytes]]) -> None:
    assert read(sent) == [(field.name, field.filename, field.content) for field in sent]


def test_names_are_escaped_as_browsers_do_it() -> None:
    _, pieces = form([Field("a", b"", 'x "y"\r\n.fa')])
    assert b'name="a"; filename="x %22y%22%0D%0A.fa"\r\n' in b"".join(pieces)


def test_a_name_of_another_encoding_can_be_sent() -> None:
    assert read([Field("a", b"", "caf\udce9.fa")]) == [("a", "caf?.fa", b"")]


def test_a_file_stays_what_it_is() -> None:
    file = BytesIO(b"x")
    _, pieces = form([Field("upload", file, "x.fa")])
    assert any(piece is file for piece in pieces)
