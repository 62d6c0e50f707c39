"""Inputs that arrive compressed."""

import bz2
import gzip
import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from awed.worker.errors import WorkFailed

_OPENERS: Mapping[str, Callable[[Path], gzip.GzipFile | bz2.BZ2File]] = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File}


def unpack(path: Path, method: str) -> None:
    """Replace a file by what it holds, packed by ``gzip`` or ``bzip2``. Blocks: for a thread.

    Raises :class:`WorkFailed` for another method, or a file that is not packed so.
    """
    if method not in _OPENERS:
        raise WorkFailed(f"uncompress must be one of {', '.join(_OPENERS)}, found {method!r}")
    unpacked = path.with_name(f"{path.name}.unpacked")
    try:
        with _OPENERS[method](path) as packed, unpacked.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
    except (OSError, EOFError, zlib.error) as error:
        unpacked.unlink(missing_ok=True)
        raise WorkFailed(f"cannot uncompress it by {method}: {error}") from error
    unpacked.rename(path)
