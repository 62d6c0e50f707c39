"""Writing of ``multipart/form-data``.

A form is a list of pieces: bytes, and files of whatever type the sender of the form uses for them.
"""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar
from uuid import uuid4

File = TypeVar("File")


class Field(NamedTuple, Generic[File]):
    """A field of a form: a file if it has a *filename*, else a text."""

    name: str
    content: bytes | File
    filename: str | None = None


def form(fields: Iterable[Field[File]]) -> tuple[str, list[bytes | File]]:
    """The content type and the pieces of a form with these *fields*."""
    boundary = uuid4().hex
    pieces: list[bytes | File] = []
    for field in fields:
        head = f"--{boundary}\r\nContent-Disposition: form-data; name={_quoted(field.name)}"
        if field.filename is not None:
            head += f"; filename={_quoted(field.filename)}\r\nContent-Type: application/octet-stream"
        # The name of a file that is not UTF-8 has surrogates, which cannot be encoded.
        pieces += [f"{head}\r\n\r\n".encode(errors="replace"), field.content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", pieces


def _quoted(text: str) -> str:
    """*text* in quotes, escaped as by browsers."""
    escaped = text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
    return f'"{escaped}"'
