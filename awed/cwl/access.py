"""The files of a run, wherever they are: outputs of steps, nodes, plain URLs, files of this machine."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import quote, unquote

import requests
from cwltool.stdfsaccess import StdFsAccess

from awed.cwl.confined import require_inside
from awed.cwl.nodes import Nodes, is_node
from awed.cwl.paths import LITERAL
from awed.model.addresses import without_secrets
from awed.model.tes import OutputLog

STEP = "awe://"
"""How the location of an output of a step begins: the id of its job follows, and the path below its directory."""

_WEB = ("http://", "https://")

_WHOLE = (STEP, LITERAL, "file://", *_WEB)

_WHOLE_FILE, _NO_SUCH_RANGE = 200, 416
"""Statuses with which a request for the first byte is answered: 206 else, and the latter if there is none."""

_PATIENCE = 60.0
"""Seconds that a web server may take to answer."""


class Made(NamedTuple):
    """A file that a step made: the address of its node, and its size in bytes."""

    url: str
    size: int


class Listing:
    """What a step left in its directory *top*, by the log of the outputs of its task."""

    def __init__(self, top: str, outputs: Iterable[OutputLog]) -> None:
        self.files: dict[str, Made] = {}
        self._inside: dict[str, set[str]] = {"": set()}
        for one in outputs:
            path = posixpath.relpath(one.path, top)
            if one.path.endswith("/"):
                self._add("" if path == "." else path, is_directory=True)
            else:
                self.files[path] = Made(one.url, int(one.size_bytes))
                self._add(path)

    def _add(self, path: str, *, is_directory: bool = False) -> None:
        if is_directory and path not in self._inside:
            self._inside[path] = set()
        if path:
            folder, _, name = path.rpartition("/")
            self._add(folder, is_directory=True)
            self._inside[folder].add(name)

    def is_directory(self, path: str) -> bool:
        return path in self._inside

    def names(self, path: str) -> list[str]:
        """The names of what is in the directory at *path*. Raises :class:`FileNotFoundError` if there is none."""
        if path not in self._inside:
            raise FileNotFoundError(path)
        return sorted(self._inside[path])

    def matching(self, pattern: str) -> Iterator[str]:
        """The paths that match *pattern*, as in a shell."""
        parts = [part for part in posixpath.normpath(pattern).split("/") if part != "."]
        found = [""]
        for part in parts:
            found = [
                posixpath.join(folder, name)
                for folder in found
                if self.is_directory(folder)
                for name in self.names(folder)
                if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
            ]
        yield from found


class Access(StdFsAccess):
    """Files as cwltool uses them. Their locations are URLs; of steps, after :data:`STEP`, quoted as in URLs.

    *root*: the only directory of this machine whose files are read, None for all.
    """

    def __init__(self, nodes: Nodes, root: Path | None = None) -> None:
        super().__init__("")
        self.root = root
        self._nodes = nodes
        self._steps: dict[str, Listing] = {}
        self._updated: dict[str, str] = {}

    def add(self, job_id: str, listing: Listing) -> str:
        """Make known what a step left; the location of its directory."""
        self._steps[job_id] = listing
        return f"{STEP}{job_id}"

    def update(self, location: str, to: str) -> None:
        """From now on, have what is *to* at *location*, of what a step made, and what is below it below that."""
        self._updated[location] = to

    def address(self, location: str) -> str:
        """The URL at which workers and others find the file at *location*, which becomes a node if it is here.

        Raises :class:`OSError` for a file that cannot be read, and what a call raises.
        """
        if location.startswith(STEP):
            return self._nodes.common(self._made(location).url)
        if location.startswith(_WEB):
            return self._nodes.common(location)
        return self._nodes.uploaded(self._abs(location))

    def local(self, location: str) -> str:
        """The path of a file or directory of this machine; "" if it is elsewhere."""
        return "" if location.startswith((STEP, LITERAL, *_WEB)) else self._abs(location)

    def name(self, location: str) -> str:
        """The name of a file or directory."""
        return unquote(posixpath.basename(location.rstrip("/")))

    def _abs(self, p: str) -> str:
        path: str = super()._abs(p)
        return path if self.root is None else require_inside(self.root, path)

    def glob(self, pattern: str) -> list[str]:
        if not pattern.startswith(STEP):
            return super().glob(pattern)
        job_id, _, path = pattern.removeprefix(STEP).partition("/")
        found = self._steps[job_id].matching(path)
        return [f"{STEP}{job_id}/{quote(one)}" if one else f"{STEP}{job_id}" for one in found]

    def open(self, fn: str, mode: str) -> IO[Any]:
        if not fn.startswith((STEP, *_WEB)):
            return super().open(fn, mode)
        url = self._made(fn).url if fn.startswith(STEP) else fn
        if is_node(url):
            file: Any = BufferedReader(_Remote(self._nodes, self._nodes.common(url), self.size(fn)))
        else:
            answer = _asked(url)
            if not answer.ok:
                raise OSError(f"{without_secrets(url)}: {answer.status_code} {answer.reason}")
            file = answer.raw
        return file if "b" in mode else TextIOWrapper(file, "utf-8")

    def exists(self, fn: str) -> bool:
        return self.isfile(fn) or self.isdir(fn)

    def isfile(self, fn: str) -> bool:
        if fn.startswith(STEP):
            listing, path = self._place(fn)
            return path in listing.files
        if fn.startswith(_WEB):
            return self._web_size(fn) is not None
        return fn.startswith(LITERAL) or super().isfile(fn)

    def isdir(self, fn: str) -> bool:
        if fn.startswith(STEP):
            listing, path = self._place(fn)
            return listing.is_directory(path)
        return fn.startswith(LITERAL) or (not fn.startswith(_WEB) and super().isdir(fn))

    def size(self, fn: str) -> int:
        if fn.startswith(STEP):
            return self._made(fn).size
        if fn.startswith(_WEB):
            size = self._web_size(fn)
            if size is None:
                raise FileNotFoundError(without_secrets(fn))
            if size < 0:
                raise OSError(f"{without_secrets(fn)} does not tell its size")
            return size
        return super().size(fn)

    def listdir(self, fn: str) -> list[str]:
        if not fn.startswith(STEP):
            return super().listdir(fn)
        listing, path = self._place(fn)
        return [f"{fn.rstrip('/')}/{quote(name)}" for name in listing.names(path)]

    def join(self, path: str, *paths: str) -> str:
        """As of paths: a location that is a whole one stays as it is."""
        return next((one for one in reversed(paths) if one.startswith(_WHOLE)), super().join(path, *paths))

    def realpath(self, path: str) -> str:
        return path

    def _place(self, location: str) -> tuple[Listing, str]:
        for old, new in self._updated.items():
            if f"{location}/".startswith(f"{old}/"):
                location = new + location.removeprefix(old)
        job_id, _, path = location.removeprefix(STEP).partition("/")
        path = posixpath.normpath(unquote(path)) if path else ""
        return self._steps[job_id], "" if path == "." else path

    def _made(self, location: str) -> Made:
        listing, path = self._place(location)
        if path not in listing.files:
            raise FileNotFoundError(location)
        return listing.files[path]

    def _web_size(self, url: str) -> int | None:
        """The size of the file at a URL; None if there is none, -1 if it is not told."""
        if is_node(url):
            return self._nodes.size(url)
        # Not by HEAD, which a presigned URL does not open.
        with _asked(url, {"Range": "bytes=0-0"}) as answer:
            if not answer.ok and answer.status_code != _NO_SUCH_RANGE:
                return None
            is_range = answer.status_code != _WHOLE_FILE
            told: str = answer.headers.get("Content-Range" if is_range else "Content-Length", "").rpartition("/")[2]
        return int(told) if told.isdecimal() else -1


def _asked(url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
    """The answer of a web server, with the file as workers get it, which is still to be read. Raises
    :class:`OSError`."""
    asked = {"Accept-Encoding": "identity", **(headers or {})}
    try:
        return requests.get(url, headers=asked, stream=True, timeout=_PATIENCE)
    except requests.RequestException as error:
        raise OSError(f"{without_secrets(url)}: no answer ({type(error).__name__})") from None


class _Remote(RawIOBase):
    """The file of a node, of which only what is asked for is fetched."""

    def __init__(self, nodes: Nodes, url: str, size: int) -> None:
        self._nodes = nodes
        self._url = url
        self._left = size
        self._offset = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._left)
        data = self._nodes.piece(self._url, self._offset, length) if length else b""
        buffer[: len(data)] = data
        self._offset += len(data)
        self._left -= len(data)
        return len(data)
