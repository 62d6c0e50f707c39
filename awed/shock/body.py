"""Bodies of requests, files and forms with files, that are read from the disk as they are sent."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from awed.tx.files import Pieces, Slice
from awed.tx.streams import Sender
from awed.tx.threads import InThread
from awed.wire.multipart import Field, form


@implementer(IBodyProducer)
class Body(Sender):
    """The body of one request, of these *pieces*. *content_type*: "" if it is not told. *progress* is called after
    each part that is sent."""

    def __init__(
        self, content_type: str, pieces: Sequence[bytes | Slice], in_thread: InThread, progress: Callable[[], object]
    ) -> None:
        self.content_type = content_type
        self.length = sum(piece.length if isinstance(piece, Slice) else len(piece) for piece in pieces)
        super().__init__(Pieces(pieces), in_thread, progress)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Send it to *consumer*. Fires at the end.

        Once it was told to stop it never fires, as Twisted demands: the end of the connection says what became of the
        request.
        """
        return Deferred.fromCoroutine(self._produce(consumer))

    async def _produce(self, consumer: IConsumer) -> None:
        try:
            await self.send(consumer)
        except CancelledError:
            if self.is_stopped:
                await Deferred[None]()
            raise


def form_body(fields: Iterable[Field[Slice]], in_thread: InThread, progress: Callable[[], object]) -> Body:
    """A form as a body."""
    return Body(*form(fields), in_thread, progress)


def file_body(path: Path, in_thread: InThread, progress: Callable[[], object]) -> Body:
    """The file at *path* as a body, without a type: a URL that was signed without one takes none. Raises
    :class:`OSError`."""
    whole = Slice(path, 0, path.stat().st_size)
    return Body("", [whole], in_thread, progress)
