"""Sending files to clients, whole or a range: read in a thread, sent at the client's pace."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import quote

from awed.tx.files import Pieces, Slice, cut
from awed.tx.streams import Sender, Source
from awed.tx.threads import InThread
from awed.web.body import AwedRequest
from awed.web.envelope import answer_error
from awed.web.streaming import send_paced, send_parts

File = Annotated[bytes, "application/octet-stream"]
"""The return type of a handler that answers with a file. The file has been sent then, so it returns no bytes."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
_OF_FILES = ("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag")
"""Headers that are removed if an error is answered in place of the file."""

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")


async def send_file(
    request: AwedRequest, slices: Sequence[Slice], name: str | None, etag: str, in_thread: InThread
) -> bytes:
    """Answer with the bytes of *slices*, or with the range of them that the request asks for.

    *name*: file name that is suggested to the client, None for none. *etag* must change whenever the bytes do.
    """
    size = sum(piece.length for piece in slices)
    if f'"{etag}"' in _header(request, "If-None-Match"):
        request.setResponseCode(304)
        return b""
    begin, end = _range(request, etag, size)
    if begin > end:
        request.responseHeaders.setRawHeaders("Content-Range", [f"bytes */{size}"])
        return answer_error(request, 416, [f"the range lies outside of the file, which has {size} bytes"])
    more = {"Content-Length": str(end - begin), "Accept-Ranges": "bytes", "ETag": f'"{etag}"'}
    if request.code == 206:
        more["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    _set_headers(request, name, more)
    if request.method != b"HEAD" and end > begin:
        await _send(request, Pieces(cut(slices, begin, end)), in_thread)
    return b""


def _range(request: AwedRequest, etag: str, size: int) -> tuple[int, int]:
    """The begin and the end (exclusive) of the bytes to send; sets status 206 for a range.

    All bytes if the request has no range, an unknown kind of range or one of another version. The begin is greater
    than the end if the range is outside the file.
    """
    match = _RANGE.match(_header(request, "Range"))
    if match is None or not any(match.groups()) or _header(request, "If-Range") not in ("", f'"{etag}"'):
        return 0, size
    first, last = match.groups()
    if not first:
        begin, end = max(size - int(last), 0), size
    else:
        begin, end = int(first), min(int(last) + 1, size) if last else size
    if begin >= end:
        return 1, 0
    request.setResponseCode(206)
    return begin, end


async def send_source(request: AwedRequest, source: Source, name: str | None, in_thread: InThread) -> bytes:
    """Answer with the bytes of *source*, whose number is not known. *name*: as in :func:`send_file`."""
    _set_headers(request, name)
    if request.method != b"HEAD":
        await _send(request, source, in_thread)
    return b""


async def send_pieces(request: AwedRequest, parts: AsyncIterator[bytes], name: str, media_type: str) -> bytes:
    """Answer with *parts*, which are made while they are sent. *name*: as in :func:`send_file`."""
    _set_headers(request, name, {"Content-Type": media_type})
    if request.method != b"HEAD":
        with _no_file_in_errors(request):
            await send_parts(request, parts)
    return b""


def _set_headers(request: AwedRequest, name: str | None, more: Mapping[str, str] | None = None) -> None:
    headers = {"Content-Type": "application/octet-stream", **(more or {})}
    if name is not None:
        headers["Content-Disposition"] = f"attachment; filename={_quoted(name)}"
    for header, text in headers.items():
        request.responseHeaders.setRawHeaders(header, [text])


async def _send(request: AwedRequest, source: Source, in_thread: InThread) -> None:
    sender = Sender(source, in_thread)
    with _no_file_in_errors(request):
        await send_paced(request, sender, sender.send(request))


@contextmanager
def _no_file_in_errors(request: AwedRequest) -> Iterator[None]:
    """Context in which a file is sent. If that raises, its headers are removed, so that the error can be answered."""
    try:
        yield
    except Exception:
        for header in _OF_FILES:
            request.responseHeaders.removeHeader(header)
        raise


def _header(request: AwedRequest, name: str) -> str:
    return str(request.requestHeaders.getRawHeaders(name, [""])[0])


def _quoted(name: str) -> str:
    if _TOKEN.match(name):
        return name
    plain = re.sub(r'[^ -~]|["\\]', "_", name)
    return f"\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
