"""The static files: style, scripts, icons. As their addresses hold a digest of them, browsers may cache them."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from awed.model.errors import NotFound

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

FOR_EVER = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """A static file: its media type and its bytes."""

    type: str
    body: bytes


@cache
def assets() -> Mapping[str, Asset]:
    """All static files, by name, read once."""
    files = sorted((Path(__file__).parent / "static").iterdir())
    return {file.name: Asset(_TYPES[file.suffix], file.read_bytes()) for file in files if file.suffix in _TYPES}


@cache
def digest() -> str:
    """A digest of all static files, in 12 hexadecimal digits."""
    summed = hashlib.sha256()
    for name, asset in assets().items():
        summed.update(b"%b\0%d\0%b" % (name.encode(), len(asset.body), asset.body))
    return summed.hexdigest()[:12]


def address(name: str) -> str:
    """The address of the static file *name*, relative to ``/ui/``."""
    return f"static/{digest()}/{name}"


def asset(of: str, name: str) -> Asset:
    """The file *name*. Raises :class:`~awed.model.errors.NotFound`, also if *of* is not the present digest."""
    found = assets().get(name) if of == digest() else None
    if found is None:
        raise NotFound(f"no static file {name} of version {of}")
    return found
