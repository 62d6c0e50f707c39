"""What a collection says of itself to HTTP: what must be known of a request before one of its calls is found."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from twisted.web.iweb import IRequest

from awed.web.envelope import answer_error
from awed.wire.envelope import Envelope


def in_envelope(data: object) -> object:
    """What is sent for the data of a call that was done. A page is in its envelope already."""
    return data if isinstance(data, Envelope) else Envelope(200, data)


def bare(data: object) -> object:
    """The data as they are."""
    return data


class Traits(Struct, frozen=True):
    """How a collection differs from others.

    *body_limit*: bytes that a body may have; None: as many as a document. *takes_files*: a body that is sent to the
    collection itself, and is no multipart form, is a file. *is_secret*: what stands behind its name in a path is in
    no log. *wrap*: what is sent for the data of a call that was done. *answer_error*: writes the answer to one that
    was not, from its status and texts. *no_method*: such an answer to a method that no call has; None: that of the
    original's scheme. *no_operation*: by method and path, the text for a request that names no operation that there
    is; where there is none, that is not implemented.
    """

    body_limit: int | None = None
    takes_files: bool = False
    is_secret: bool = False
    wrap: Callable[[object], object] = in_envelope
    answer_error: Callable[[IRequest, int, Sequence[str]], bytes] = answer_error
    no_method: tuple[int, str] | None = None
    no_operation: Mapping[str, str] = {}


PLAIN = Traits()
"""As most are, and all paths that no collection has."""
