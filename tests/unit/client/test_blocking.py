"""The client: every kind of bad answer becomes words, files travel in blocks, tokens go to their own server alone."""

import socket
import struct
from collections.abc import Iterator
from io import BytesIO
from threading import Event, Thread
from typing import Any

import pytest

from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.errors import Invalid, TooLarge, Unavailable
from awed.model.job import Job
from tests.unit.cli.fake import FakeServer, fake_server


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


def test_a_refusal_carries_every_text_of_the_server(server: FakeServer) -> None:
    server.refuse("GET /job/1", 400, "first fault", "second fault")
    with pytest.raises(Invalid) as raised:
        Server(server.url).get("/job/1")
    assert raised.value.texts == ["first fault", "second fault"]


def test_nobody_at_the_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match=f"no answer from {url}: Connection refused"):
            Server(url).get("/job")


@pytest.mark.parametrize("status", [200, 502])
def test_somebody_else_at_the_address(server: FakeServer, status: int) -> None:
    server.raw("GET /job", (status, b"<html>Bad Gateway</html>"))
    with pytest.raises(Unavailable, match=f"does not answer like an AWE server .{status}"):
        Server(server.url).get("/job")


def test_a_server_that_cannot_answer_now(server: FakeServer) -> None:
    server.refuse("GET /job", 503, "the database does not answer")
    with pytest.raises(Unavailable, match="the database does not answer"):
        Server(server.url).get("/job")


def test_data_of_another_kind_than_expected(server: FakeServer) -> None:
    server.on("GET /job/1", {"id": 7})
    with pytest.raises(Unavailable, match="not understood"):
        Server(server.url).ask(calls.job("1"))


def test_a_file_arrives_whole_and_named(server: FakeServer) -> None:
    content = bytes(range(256)) * 1000
    server.on("POST /node", {"id": "n"})
    assert Server(server.url).ask(calls.upload('a "b".fa', BytesIO(content))).id == "n"
    (request,) = server.requests
    assert b'name="upload"; filename="a %22b%22.fa"' in request.body
    assert content in request.body


def test_the_server_refuses_an_upload_before_it_has_all_of_it() -> None:
    """It answers and closes: the answer counts, not that the rest could not be sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_refuse_at_once, args=[listener])
        thread.start()
        with pytest.raises(TooLarge, match="too large"):
            Server(f"http://127.0.0.1:{listener.getsockname()[1]}").ask(calls.upload("a", BytesIO(bytes(1 << 24))))
        thread.join()


def _refuse_at_once(listener: socket.socket) -> None:
    body = b'{"status":413,"data":null,"error":["too large"]}'
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_the_token_goes_to_its_own_server_alone(server: FakeServer) -> None:
    client = Server(server.url, "Bearer secret")
    server.raw("GET /node/1?download", (200, b"own"))
    out = BytesIO()
    client.download(f"{server.url}/node/1?download", out)
    with fake_server() as other:
        other.raw("GET /node/1?download", (200, b", other"))
        client.download(f"{other.url}/node/1?download", out)
        assert other.requests[0].authorization is None
    assert server.requests[0].authorization == "Bearer secret"
    assert out.getvalue() == b"own, other"


@pytest.mark.parametrize("url", ["ftp://h/x", "http://[x", "nonsense", "http://h:port/x"])
def test_what_is_no_address_is_not_fetched(url: str) -> None:
    with pytest.raises(Unavailable, match="no answer from"):
        Server("http://127.0.0.1:1").download(url, BytesIO())


def test_a_download_that_breaks_off_is_no_download() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_break_off, args=[listener])
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(Unavailable, match="broke off, 6 bytes before its end"):
            Server(url).download(f"{url}/node/1?download", BytesIO())
        thread.join()


def _break_off(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")


class Out(BytesIO):
    """Says when something has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = Event()

    def write(self, data: Any) -> int:
        self.arrived.set()
        return super().write(data)


def test_a_download_that_is_cut_is_told_with_its_address() -> None:
    out = Out()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_cut, args=[listener, out.arrived])
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/node/1"
        with pytest.raises(Unavailable, match=f"{url} broke off: Connection reset by peer"):
            Server("http://127.0.0.1").download(url, out)
        thread.join()


def _cut(listener: socket.socket, arrived: Event) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1 << 16))
        arrived.wait()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no orderly end


def test_the_root_has_no_envelope(server: FakeServer) -> None:
    server.raw("GET /", (200, b'{"id":"AWE","queue_status":"suspended"}'))
    assert Server(server.url).ask(calls.about()).queue_status == "suspended"


def test_a_document_is_read_as_the_model_has_it(server: FakeServer) -> None:
    server.on("GET /job/1", Job(id="1"))
    assert Server(server.url + "/").ask(calls.job("1")) == Job(id="1")
