"""Forms and plain bodies, parsed piece by piece. Small parts are kept in memory, large ones in temporary files.

All functions may block on the disk; :mod:`awed.web.body` calls them in a thread.
"""

import hashlib
import uuid
from pathlib import Path
from urllib.parse import parse_qsl

from msgspec import Struct
from multipart import MultipartError, ParserLimitReached, PushMultipartParser, parse_options_header

from awed.model.errors import Invalid, TooLarge
from awed.tx.files import HashedFile, check_space, shortage_told
from awed.tx.streams import Receiver
from awed.tx.threads import InThread
from awed.web.dialects import Lines, filename_of

IN_MEMORY = 64 * 1024
"""Bytes up to which a part is kept in memory. A part without a file name may not be longer."""

MAX_PARTS = 1000
"""Parts or fields that a form may have."""

MAX_URLENCODED = 1024 * 1024
"""Bytes that an urlencoded form may have."""


class Spool(Struct, frozen=True):
    """Where large parts are kept: in *directory*, on the file system of the node store, to which they can be renamed.

    Uploads that would leave less than *min_free* bytes of the disk free are refused.
    """

    directory: Path
    in_thread: InThread
    min_free: int = 0


def _tail(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read()


class Part:
    """A part of a form, or a whole plain body.

    *filename* is None for a text field. Either *data* or *path* is set: a part of more than IN_MEMORY bytes that was
    written piece by piece is a temporary file, which is removed with the request unless it was moved away.
    """

    def __init__(self, name: str, filename: str | None, spool: Spool) -> None:
        self.name = name
        self.filename = filename
        self.size = 0
        self.data: bytes | None = None
        self.path: Path | None = None
        self._spool = spool
        self._pieces: list[bytes] = []
        self._file: HashedFile | None = None

    @property
    def md5(self) -> str:
        """The MD5 of the part, in hex."""
        if self._file is not None:
            return self._file.md5
        return hashlib.md5(self.data or b"", usedforsecurity=False).hexdigest()

    def text(self) -> str:
        """The part as text. Raises :class:`TooLarge` if it is in a file, :class:`Invalid` if it is not UTF-8."""
        if self.path is not None:
            raise _too_long(self)
        try:
            return (self.data or b"").decode()
        except UnicodeDecodeError:
            raise Invalid(f"form field {self.name} is not UTF-8 text") from None

    async def read(self, limit: int) -> bytes:
        """The whole part, from memory or its file. Raises :class:`TooLarge` above *limit* bytes."""
        if self.size > limit:
            raise TooLarge(f"{self.name or 'the body'} has {self.size} bytes, more than the {limit} allowed here")
        if self.path is None:
            return self.data or b""
        return await self._spool.in_thread(self.path.read_bytes)

    async def tail(self, size: int) -> bytes:
        """The last *size* bytes of the part, or all if it has fewer."""
        if self.path is None:
            return (self.data or b"")[-size:]
        return await self._spool.in_thread(_tail, self.path, size)

    def write(self, data: bytes) -> None:
        """Take the next piece. Raises :class:`~awed.model.errors.NoSpace`."""
        self.size += len(data)
        if self._file is None and self.size <= IN_MEMORY:
            self._pieces.append(data)
        else:
            self._write_file(data)

    def close(self) -> None:
        """The part is complete."""
        if self._file is None:
            self.data = b"".join(self._pieces)
        else:
            self._file.close()

    def discard(self) -> None:
        """Remove the file, if there is one and it was not moved away."""
        if self._file is not None:
            self._file.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _write_file(self, data: bytes) -> None:
        check_space(self._spool.directory, len(data), self._spool.min_free)
        with shortage_told():
            if self._file is None:
                self.path = self._spool.directory / uuid.uuid4().hex
                self._file = HashedFile(self.path.open("xb", buffering=0))
                data = b"".join([*self._pieces, data])
                self._pieces.clear()
            self._file.write(data)


class Form(Struct):
    """A parsed body: the *parts* of a form in order, or the *plain* body if it was no form (None if empty)."""

    is_form: bool
    parts: list[Part] = []
    plain: Part | None = None

    def get(self, name: str) -> Part | None:
        """The first part with this name, None if there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        return None

    def text(self, name: str) -> str | None:
        """The first part with this name as text, None if there is none. Raises what :meth:`Part.text` raises."""
        part = self.get(name)
        return None if part is None else part.text()


def receiver_for(content_type: str, spool: Spool) -> Receiver[Form]:
    """The receiver for a body of this content type. Raises :class:`Invalid` for multipart without a boundary."""
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        return MultipartReceiver(options.get("boundary", ""), spool)
    if kind == "application/x-www-form-urlencoded":
        return UrlencodedReceiver(spool)
    return PlainReceiver(spool)


class MultipartReceiver:
    """Receives multipart/form-data."""

    def __init__(self, boundary: str, spool: Spool) -> None:
        self._spool = spool
        self._parts: list[Part] = []
        self._lines = Lines(boundary)
        try:
            self._parser = PushMultipartParser(boundary, max_segment_count=MAX_PARTS)
        except MultipartError as error:
            raise _malformed(error) from None

    def feed(self, data: bytes) -> None:
        self._parse(self._lines.read(data))

    def _parse(self, data: bytes) -> None:
        if not data:  # for the parser no data means the end
            return
        try:
            for event in self._parser.parse(data):
                if event is None:
                    self._parts[-1].close()
                elif isinstance(event, bytes | bytearray):
                    self._write(bytes(event))
                else:
                    self._parts.append(Part(event.name or "", filename_of(event), self._spool))
        except ParserLimitReached as error:
            raise TooLarge(f"multipart form: {error}") from None
        except MultipartError as error:
            raise _malformed(error) from None

    def finish(self) -> Form:
        self._parse(self._lines.end())
        try:
            self._parser.close()
        except MultipartError as error:
            raise _malformed(error) from None
        return Form(is_form=True, parts=self._parts)

    def discard(self) -> None:
        for part in self._parts:
            part.discard()

    def _write(self, data: bytes) -> None:
        part = self._parts[-1]
        if part.filename is None and part.size + len(data) > IN_MEMORY:
            raise _too_long(part)
        part.write(data)


class PlainReceiver:
    """Receives a body that is no form."""

    def __init__(self, spool: Spool) -> None:
        self._part = Part("", None, spool)

    def feed(self, data: bytes) -> None:
        self._part.write(data)

    def finish(self) -> Form:
        self._part.close()
        return Form(is_form=False, plain=self._part if self._part.size else None)

    def discard(self) -> None:
        self._part.discard()


class UrlencodedReceiver:
    """Receives application/x-www-form-urlencoded, in memory."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._body = b""

    def feed(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > MAX_URLENCODED:
            raise TooLarge(f"urlencoded form is longer than {MAX_URLENCODED} bytes: send it as multipart/form-data")

    def finish(self) -> Form:
        text = self._body.decode("latin-1")  # a letter for each byte: of bytes parse_qsl takes only ASCII
        try:
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARTS, encoding="latin-1")
        except ValueError:
            raise TooLarge(f"urlencoded form has more than {MAX_PARTS} fields") from None
        parts = [
            whole_part(name.encode("latin-1").decode(errors="replace"), None, value.encode("latin-1"), self._spool)
            for name, value in fields
        ]
        return Form(is_form=True, parts=parts)

    def discard(self) -> None:
        """There is nothing on disk."""


def whole_part(name: str, filename: str | None, data: bytes, spool: Spool) -> Part:
    """A part in memory, with all its bytes."""
    part = Part(name, filename, spool)
    part.data, part.size = data, len(data)
    return part


def _too_long(part: Part) -> TooLarge:
    return TooLarge(f"form field {part.name} is longer than {IN_MEMORY} bytes: send it as a file")


def _malformed(error: MultipartError) -> Invalid:
    return Invalid(f"malformed multipart form: {error}")
