"""Files on their way to a client: read in a thread, sent at its pace, whole or a range."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote

from awed.tx.files import Pieces, Slice, cut
from awed.tx.streams import Sender, Source
from awed.tx.threads import InThread
from awed.web.body import AwedRequest
from awed.web.envelope import answer_error
from awed.web.streaming import send_paced

File = Annotated[bytes, "application/octet-stream"]
"""What is returned for the bytes of a file: the rest of the answer, which is sent already."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
_OF_FILES = ("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag")
"""Headers that an error in the place of a file does not have."""

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")


async def send_file(
    request: AwedRequest, slices: Sequence[Slice], name: str | None, etag: str, in_thread: InThread
) -> bytes:
    """Answer with the bytes of *slices*, or with the range of them that is asked for.

    *name* is suggested to the client as the file's, unless it is None. *etag* must change with the bytes.
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
    """From where to before where to send; all, if a range is not asked for, not understood or for another version.

    The begin is beyond the end if the range has no byte of the file.
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
    """Answer with the bytes of *source*, however many they are; *name* as in :func:`send_file`."""
    _set_headers(request, name)
    if request.method != b"HEAD":
        await _send(request, source, in_thread)
    return b""


def _set_headers(request: AwedRequest, name: str | None, more: Mapping[str, str] | None = None) -> None:
    headers = {"Content-Type": "application/octet-stream", **(more or {})}
    if name is not None:
        headers["Content-Disposition"] = f"attachment; filename={_quoted(name)}"
    for header, text in headers.items():
        request.responseHeaders.setRawHeaders(header, [text])


async def _send(request: AwedRequest, source: Source, in_thread: InThread) -> None:
    sender = Sender(source, in_thread)
    try:
        await send_paced(request, sender, sender.send(request))
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
