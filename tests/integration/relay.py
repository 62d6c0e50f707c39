"""A TCP relay between a program and its server, which can delay, stall, cut and refuse."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress


class Relay:
    """Listens on a free port of this machine and passes bytes to *port* and back, unless told otherwise.

    ``delay``: seconds that each piece takes on its way. While ``stalled`` nothing passes; while ``refusing`` new
    connections are closed at once. :meth:`cut` resets all connections there are.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.delay = 0.0
        self.refusing = False
        self._go_on = threading.Event()
        self._go_on.set()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def stalled(self) -> bool:
        return not self._go_on.is_set()

    @stalled.setter
    def stalled(self, stalled: bool) -> None:
        if stalled:
            self._go_on.clear()
        else:
            self._go_on.set()

    def cut(self) -> None:
        """Reset every connection: the peers see an error, not an end."""
        for connection in list(self._open):
            reset(connection)
        self._open.clear()

    def took(self, data: bytes) -> None:
        """*data* has come, and is passed on next."""

    def close(self) -> None:
        self.refusing = True
        self.stalled = False
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                near, _ = self._listener.accept()
                if self.refusing:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # whatever breaks one side ends both
            while data := source.recv(65536):
                time.sleep(self.delay)
                self._go_on.wait()
                self.took(data)
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """Close it so that its peer sees an error, not an end."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def delay(relay: Relay) -> Iterator[None]:
    relay.delay = 0.05
    yield
    relay.delay = 0.0


@contextmanager
def stall(relay: Relay) -> Iterator[None]:
    relay.stalled = True
    yield
    relay.stalled = False


@contextmanager
def cut(relay: Relay) -> Iterator[None]:
    """All connections are reset, and what was on its way is lost."""
    with stall(relay):
        yield
        relay.cut()


@contextmanager
def refuse(relay: Relay) -> Iterator[None]:
    relay.refusing = True
    relay.cut()
    yield
    relay.refusing = False


Fault = Callable[[Relay], AbstractContextManager[None]]
"""Something that is wrong as long as the block lasts."""

FAULTS: tuple[Fault, ...] = (delay, stall, cut, refuse)
