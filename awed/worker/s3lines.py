"""Connections to S3 stores that tasks name. Such a store may lead inside, answer without end, or never."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakSet

from awed.tx.http import Reach
from awed.worker.errors import WorkFailed

LONGEST_ANSWER = 32 << 20
"""Bytes of an answer that is no file: a page of a list has up to 1000 keys of 1024 characters."""


class Lines:
    """The connections of a client. *reach*: where they may lead, None for everywhere."""

    def __init__(self, reach: Reach | None) -> None:
        self._reach = reach
        self._open: WeakSet[socket.socket] = WeakSet()
        self._is_cut = False

    def install(self, client: Any) -> None:
        """Have *client*, of boto3, connect by this. Connections by a proxy are left to that."""
        pools = client._endpoint.http_session._manager
        pools.pool_classes_by_scheme = {
            scheme: _pool(self, pool) for scheme, pool in pools.pool_classes_by_scheme.items()
        }

    def cut(self) -> None:
        """End all connections, and let no other be made: whoever reads or writes gets an error at once."""
        self._is_cut = True
        for line in list(self._open):
            with suppress(OSError):  # the peer has closed it
                line.shutdown(socket.SHUT_RDWR)

    def admit(self, made: socket.socket) -> socket.socket:
        """Another descriptor of a connection that was made, by which to cut it. Raises :class:`WorkFailed` for one
        that must not be. It is looked at where it leads, as the name of a host may stand for another address by then.
        """
        if self._is_cut:
            raise WorkFailed("the run has ended")
        if self._reach is not None and not self._reach.allows(made.getpeername()[0]):
            raise WorkFailed(self._reach.refusal)
        line = made.dup()
        self._open.add(line)
        return line


def _pool(lines: Lines, kind: Any) -> Any:
    """A kind of connection pool of urllib3, as *kind*, whose connections are those of *lines*."""

    class Connection(kind.ConnectionCls):  # type: ignore[misc]
        _line: socket.socket | None = None

        def _new_conn(self) -> Any:
            made = super()._new_conn()
            try:
                self._line = lines.admit(made)
            except WorkFailed:
                made.close()
                raise
            return made

        def close(self) -> None:
            super().close()
            if self._line is not None:
                self._line.close()

    class Pool(kind):  # type: ignore[misc]
        ConnectionCls = Connection

        def urlopen(self, *args: Any, **options: Any) -> Any:
            response = super().urlopen(*args, **options)
            response.stream = partial(_bounded, response)  # by which boto3 reads what is no file
            return response

    return Pool


def _bounded(response: Any, *args: Any) -> Iterator[bytes]:
    size = 0
    while piece := response.read(1 << 16):
        size += len(piece)
        if size > LONGEST_ANSWER:
            response.close()
            raise WorkFailed(f"the answer has more than {LONGEST_ANSWER >> 20} MB")
        yield piece
