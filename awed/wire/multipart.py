"""Forms with files: the one writer of ``multipart/form-data``.

A form is made of pieces: bytes, and each file as whoever sends the form has it.
"""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar
from uuid import uuid4

File = TypeVar("File")


class Field(NamedTuple, Generic[File]):
    """One field: a file if it has a *filename*, else text."""

    name: str
    content: bytes | File
    filename: str | None = None


def form(fields: Iterable[Field[File]]) -> tuple[str, list[bytes | File]]:
    """The content type of a form of these *fields*, and its pieces."""
    boundary = uuid4().hex
    pieces: list[bytes | File] = []
    for field in fields:
        head = f"--{boundary}\r\nContent-Disposition: form-data; name={_quoted(field.name)}"
        if field.filename is not None:
            head += f"; filename={_quoted(field.filename)}\r\nContent-Type: application/octet-stream"
        # A name of a file that is no UTF-8 has surrogates, which nobody can send.
        pieces += [f"{head}\r\n\r\n".encode(errors="replace"), field.content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", pieces


def _quoted(text: str) -> str:
    """As browsers do it."""
    escaped = text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
    return f'"{escaped}"'
