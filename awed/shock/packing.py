"""Packed files, unpacked as streams."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from awed.model.errors import Invalid
from awed.streams import PIECE, Pieces

_OPENERS: Mapping[str, Callable[[Any], Any]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
}


def unpacked(pieces: Pieces, compression: str) -> Iterator[bytes]:
    """The bytes of *pieces*, unpacked if *compression* is ``gzip`` or ``bzip2``. Blocks.

    Raises :class:`~awed.model.errors.Invalid` if they are not packed like that, or cut off.
    """
    if not compression:
        yield from pieces
        return
    with _OPENERS[compression](pieces) as file:
        try:
            while data := file.read(PIECE):
                yield data
        except (OSError, EOFError, zlib.error) as error:
            raise Invalid(f"the file cannot be unpacked by {compression}: {error}") from None
