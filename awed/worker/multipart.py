"""Forms with files, as bytes.

treq would do it, part by part through a cooperator; a worker's forms are small and many.
"""

from collections.abc import Iterable
from uuid import uuid4


def form(parts: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
    """The content type and the body of a ``multipart/form-data`` form of files (field name, content)."""
    boundary = uuid4().hex
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n%b\r\n"
        % (boundary.encode(), name.encode(), name.encode(), content)
        for name, content in parts
    )
    return f"multipart/form-data; boundary={boundary}", b"%b--%b--\r\n" % (body, boundary.encode())
