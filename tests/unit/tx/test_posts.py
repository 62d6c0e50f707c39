"""What is told of an answer that is none, which may be that of a host that its reader cannot reach."""

from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_server
from threading import Thread

import pytest
import pytest_twisted
from twisted.internet import reactor

from awed.model.errors import Unavailable
from awed.tx.http import http_client
from awed.tx.posts import post


@contextmanager
def speaking(words: bytes, heard: list[bytes] | None = None) -> Iterator[str]:
    """The URL of a host that says these words to whoever comes. What it hears is added to *heard*."""
    with create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            peer, _ = server.accept()
            with peer:
                (heard if heard is not None else []).append(peer.recv(65536))
                peer.sendall(words)

        thread = Thread(target=speak)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


@pytest.mark.parametrize(
    "words", [b"SSH-2.0-secret\r\n", b"HTTP/1.1 secret\r\n\r\n", b"HTTP/1.1 200\r\nsecret\r\n\r\n"]
)
@pytest_twisted.ensureDeferred
async def test_nothing_is_quoted(words: bytes) -> None:
    with speaking(words) as url, pytest.raises(Unavailable) as refused:
        await post(http_client(reactor), url, b"", {}, 10.0)
    assert str(refused.value) == "what came is no answer of HTTP"


@pytest_twisted.ensureDeferred
async def test_user_and_password_of_a_url_are_said_to_its_host() -> None:
    heard: list[bytes] = []
    with speaking(b"HTTP/1.1 204 No Content\r\n\r\n", heard) as url:
        assert await post(http_client(reactor), url.replace("//", "//ann:p%40w@"), b"x", {"A": "b"}, 10.0) == 204
    assert b"\r\nAuthorization: Basic YW5uOnBAdw==\r\n" in heard[0]
