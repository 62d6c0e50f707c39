"""Stores for S3 that tasks name, and that answer as they like."""

import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from awed.model.errors import AwedError
from awed.worker import patterns, s3lines
from awed.worker.account import Account
from awed.worker.copying import Stopped
from awed.worker.errors import WorkFailed
from tests.certificates import Authority

s3 = pytest.importorskip("awed.worker.s3")

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], Any]]:
    """Makes the files of an account at a store that gives this answer to all requests."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    servers = []

    def store(answer: Answer) -> Any:
        class Handler(BaseHTTPRequestHandler):
            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815
            log_message = lambda *_: None  # noqa: E731

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        account = Account("key", "secret", endpoint=f"http://127.0.0.1:{server.server_port}")
        return s3.S3(account, is_known=False)

    yield store
    for server in servers:
        server.shutdown()
        server.server_close()


def listing(*keys: str, is_whole: bool = False) -> Answer:
    """Lists *keys*, and says that there are more unless it *is_whole*. All objects are empty."""
    number = iter(range(1_000_000))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        text = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
        if not is_whole:
            text += f"<NextContinuationToken>{next(number)}</NextContinuationToken><IsTruncated>true</IsTruncated>"
        text = f"<ListBucketResult>{text}</ListBucketResult>" if "list-type" in handler.path else ""
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(text)))
        handler.send_header("ETag", '"d41d8cd98f00b204e9800998ecf8427e"')
        handler.end_headers()
        handler.wfile.write(text.encode())

    return answer


def test_a_store_of_one_s_own_gets_the_file_and_nothing_around_it(tmp_path: Path) -> None:
    """Many do not know the checksums that boto3 adds by itself. Over TLS it puts a frame around the content for them,
    which some stores kept as part of the file."""
    ours, got = Authority(tmp_path, "ca"), list[tuple[bytes, str | None]]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        log_message = lambda *_: None  # noqa: E731

        def do_PUT(self) -> None:
            got.append((self.rfile.read(int(self.headers["Content-Length"])), self.headers["Content-Encoding"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    key, certificate = ours.server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    account = Account("key", "secret", endpoint=f"https://127.0.0.1:{server.server_port}", ca=str(ours.file))
    (tmp_path / "file").write_bytes(b"content")
    try:
        s3.S3(account, is_known=False).deliver(tmp_path / "file", "s3://b/k", Event())
    finally:
        server.shutdown()
        server.server_close()
    assert got == [(b"content", None)]


def test_a_list_without_end_is_a_failure(
    store: Callable[[Answer], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "MOST", 50)
    with pytest.raises(WorkFailed, match="s3://b/in/ stands for more than 50 files"):
        store(listing("in/a", "in/b")).fetch_directory("s3://b/in/", tmp_path / "d", Event())
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        store(listing()).fetch_directory("s3://b/in/", tmp_path / "d", stop)


def test_an_answer_without_end_fills_no_memory(
    store: Callable[[Answer], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3lines, "LONGEST_ANSWER", 3 << 20)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(ConnectionError):
            while True:
                handler.wfile.write(b" " * 65536)

    with pytest.raises(AwedError, match="the answer has more than 3 MB"):
        store(endless).fetch_directory("s3://b/in/", tmp_path / "d", Event())


def test_a_directory_without_any_object_is_missing_and_not_empty(
    store: Callable[[Answer], Any], tmp_path: Path
) -> None:
    """A task whose input was mistyped ran on nothing, and was done."""
    with pytest.raises(WorkFailed, match="there is nothing below s3://b/im/"):
        store(listing(is_whole=True)).fetch_directory("s3://b/im/", tmp_path / "d", Event())
    store(listing("in/", is_whole=True)).fetch_directory("s3://b/in/", tmp_path / "d", Event())
    assert not any((tmp_path / "d").iterdir())


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["in/../../evil"], "not inside"),
        (["in//etc/evil"], "not inside"),
        (["in/."], "not inside"),
        (["in/a//b", "in/a/b"], "two keys below s3://b/in/ are the path a/b"),
        (["in/a/./b", "in/a/b"], "two keys"),
        (["in/" + "x" * 300], "File name too long"),
        (["in/a", "in/a/b"], "exists|Not a directory"),
    ],
)
def test_keys_that_are_no_paths_are_a_failure(
    store: Callable[[Answer], Any], tmp_path: Path, keys: list[str], told: str
) -> None:
    with pytest.raises((WorkFailed, OSError), match=told):
        store(listing(*keys, is_whole=True)).fetch_directory("s3://b/in/", tmp_path / "d", Event())
    assert not (tmp_path / "evil").exists()


def test_a_store_that_sends_a_byte_now_and_then_is_cut_when_the_run_is_over(
    store: Callable[[Answer], Any], tmp_path: Path
) -> None:
    """Else it held a thread of the worker for ever."""
    begun, over = Event(), Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        begun.set()
        over.wait(60)

    files, ended = store(slow), list[BaseException]()

    def fetch() -> None:
        try:
            files.fetch("s3://b/k", tmp_path / "file", Event())
        except AwedError as error:
            ended.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    assert begun.wait(60)
    files.cut()
    thread.join(60)
    over.set()
    assert len(ended) == 1


def test_what_was_brought_of_a_file_whose_run_is_over_is_removed(
    store: Callable[[Answer], Any], tmp_path: Path
) -> None:
    """It would be paid for, and nobody sees it."""
    stop, asked = Event(), list[str]()
    text = b"<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>"

    def parts(handler: BaseHTTPRequestHandler) -> None:
        asked.append(f"{handler.command} {handler.path}")
        if handler.command == "PUT":
            stop.set()
            handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(204 if handler.command == "DELETE" else 200)
        handler.send_header("Content-Length", str(len(text) if handler.command == "POST" else 0))
        handler.send_header("ETag", '"x"')
        handler.end_headers()
        if handler.command == "POST":
            handler.wfile.write(text)

    (tmp_path / "file").touch()
    os.truncate(tmp_path / "file", 200 << 20)
    with pytest.raises(Stopped):
        store(parts).deliver(tmp_path / "file", "s3://b/k", stop)
    assert (asked[0], asked[-1]) == ("POST /b/k?uploads", "DELETE /b/k?uploadId=one")
