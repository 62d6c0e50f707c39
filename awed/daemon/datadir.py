"""The data directory: its lock, the administrator's token, and the addresses of the running daemon."""

import fcntl
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from awed.model.times import rfc3339
from awed.store.open import place_of, without_password


class StartError(Exception):
    """The daemon cannot start. The text says why, in one line."""


class DataDir:
    """The data directory, which one daemon holds at a time. Its methods block; the files are small.

    ``admin-token`` has the administrator's token; ``listening`` the URLs of a running daemon, one a line; ``lock`` is
    locked by the running daemon and says which process that is; ``store`` the URI of the store that belongs to the
    directory, from when a daemon first opened it.
    """

    def __init__(self, path: Path, logs: Path) -> None:
        """*logs*: the directory of the logs, in the data directory or elsewhere."""
        self.path = path
        self._parts = (path, path / "tmp", path / "nodes", logs)
        self._token = path / "admin-token"
        self._listening = path / "listening"
        self._lock = path / "lock"
        self._store = path / "store"

    @contextmanager
    def held(self, now: datetime) -> Iterator[None]:
        """Context that makes missing directories and locks the data directory.

        Raises :class:`StartError` if a directory cannot be made, or if another process holds the lock.
        """
        try:
            for directory in self._parts:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StartError(f"data directory {self.path}: {error}") from error
        try:
            self._take(lock, now)
            self._listening.unlink(missing_ok=True)
            yield
            self._listening.unlink(missing_ok=True)
            os.ftruncate(lock, 0)
        finally:
            os.close(lock)

    def _take(self, lock: int, now: datetime) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 1000).decode(errors="replace").strip() or "another process"
            raise StartError(f"data directory {self.path} is in use by {holder}") from None
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()} on {socket.gethostname()} since {rfc3339(now)}\n".encode())

    def admin_token(self, new: Callable[[], str]) -> str:
        """The administrator's token, which *new* makes at the first start.

        Raises :class:`StartError` if the file is empty, or readable by others than its owner.
        """
        if not self._token.exists():
            _write(self._token, new() + "\n")
        mode = stat.S_IMODE(self._token.stat().st_mode)
        if mode & 0o077:
            raise StartError(f"{self._token} can be read by others (mode {mode:o}): make it 600, or remove it")
        token = self._token.read_text().strip()
        if not token:
            raise StartError(f"{self._token} is empty: remove it, and a new one is made")
        return token

    def store(self) -> str:
        """The URI of the store that belongs to the directory, "" if none was noted yet."""
        if not self._store.exists():
            return ""
        uri = self._store.read_text().strip()
        scheme, _, rest = uri.partition(":")
        return f"sqlite:{self.path.absolute() / rest}" if scheme == "sqlite" else uri

    def check_store(self, uri: str) -> None:
        """Raises :class:`StartError` if another store than *uri* belongs to the directory."""
        noted = self.store()
        if noted and place_of(noted) != place_of(uri):
            raise StartError(
                f"data directory {self.path} belongs to the store {without_password(noted)}, not to"
                f" {without_password(uri)}; if it has moved there, remove {self._store}"
            )

    def note_store(self, uri: str) -> None:
        """Note that the store *uri* belongs to the directory. One that lies in it may move with it."""
        scheme, _, rest = uri.partition(":")
        inside, here = Path(rest).absolute(), self.path.absolute()
        if scheme == "sqlite":
            uri = f"sqlite:{inside.relative_to(here) if inside.is_relative_to(here) else inside}"
        if not self._store.exists() or self._store.read_text() != f"{uri}\n":
            _write(self._store, f"{uri}\n")

    def announce(self, urls: Iterable[str]) -> None:
        """Write the URLs at which the daemon listens, for programs on this machine."""
        _write(self._listening, "".join(f"{url}\n" for url in urls))


def _write(path: Path, text: str) -> None:
    """Write a file, as a whole or not at all, durably, and readable by its owner only (mode 600)."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
