"""multipart/form-data bodies that stream from files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from multipart import content_disposition_quote
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from awed.tx.files import Pieces, Slice
from awed.tx.streams import Sender
from awed.tx.threads import InThread


class FormField(Struct, frozen=True):
    """One field: text if *filename* is None. *content* is the bytes, or the path of a file of *size* bytes."""

    name: str
    content: bytes | Path
    filename: str | None = None
    size: int = 0


@implementer(IBodyProducer)
class FormBody:
    """A form as the body of one request. *boundary* must not occur in any field; *progress* is called as it goes."""

    def __init__(
        self, fields: Sequence[FormField], boundary: str, in_thread: InThread, progress: Callable[[], object]
    ) -> None:
        pieces = [piece for field in fields for piece in _pieces(field, boundary)]
        pieces.append(f"--{boundary}--\r\n".encode())
        self.length = sum(piece.length if isinstance(piece, Slice) else len(piece) for piece in pieces)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._sender = Sender(Pieces(pieces), in_thread, progress)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Send everything to *consumer*."""
        return Deferred.fromCoroutine(self._sender.send(consumer))

    def pauseProducing(self) -> None:
        self._sender.pauseProducing()

    def resumeProducing(self) -> None:
        self._sender.resumeProducing()

    def stopProducing(self) -> None:
        self._sender.stopProducing()


def _pieces(field: FormField, boundary: str) -> list[bytes | Slice]:
    head = f"--{boundary}\r\nContent-Disposition: form-data; name={content_disposition_quote(field.name)}"
    if field.filename is not None:
        head += f"; filename={content_disposition_quote(field.filename)}\r\nContent-Type: application/octet-stream"
    content = field.content if isinstance(field.content, bytes) else Slice(field.content, 0, field.size)
    return [f"{head}\r\n\r\n".encode(), content, b"\r\n"]
