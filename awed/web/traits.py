"""The traits of a collection: what HTTP needs to know of a request before its call is found."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from twisted.web.iweb import IRequest

from awed.web.envelope import answer_error
from awed.wire.envelope import Envelope


def in_envelope(data: object) -> object:
    """*data* in an envelope; a page has one already."""
    return data if isinstance(data, Envelope) else Envelope(200, data)


def bare(data: object) -> object:
    """*data* as it is."""
    return data


class Traits(Struct, frozen=True):
    """How a collection differs from others.

    *body_limit*: bytes that a body may have, None for those of a job document. *takes_files*: whether a body that is
    sent to the collection itself, and is no multipart form, is a file. *is_secret*: whether the rest of a path after
    the collection's name must not be logged. *wrap*: makes what is sent of the data that a handler returns.
    *answer_error*: writes the answer to a failed request from status and texts. *error_types*: the type of what it
    writes, by how the path begins; none for an envelope. *no_method*: status and text for a method that no call has,
    None for those of the original's scheme. *no_operation*: by method and path, the text for a request whose
    parameters choose no call; by default it is refused as not implemented.
    """

    body_limit: int | None = None
    takes_files: bool = False
    is_secret: bool = False
    wrap: Callable[[object], object] = in_envelope
    answer_error: Callable[[IRequest, int, Sequence[str]], bytes] = answer_error
    error_types: Mapping[str, type[Struct]] = {}
    no_method: tuple[int, str] | None = None
    no_operation: Mapping[str, str] = {}


PLAIN = Traits()
"""The traits of most collections, and of paths without a collection."""
