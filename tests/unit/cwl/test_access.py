"""The outputs of steps as a file system."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from awed.cwl.access import Access, Listing
from awed.cwl.nodes import Nodes
from awed.model.tes import OutputLog
from tests.unit.cwl.tools import NOWHERE

NODE = f"{NOWHERE.url}/node/00000000-0000-0000-0000-000000000001"


@pytest.fixture
def access() -> Access:
    """A step has left some files."""
    made = Access(Nodes(NOWHERE))
    paths = ["a.txt", "b c#%.txt", ".hidden", "d/e/f.txt", "empty/"]
    outputs = [OutputLog(NODE, f"/var/spool/cwl/{path}", "7") for path in paths]
    assert made.add("job", Listing("/var/spool/cwl", outputs)) == "awe://job"
    return made


def test_patterns_find_what_a_shell_would(access: Access) -> None:
    assert access.glob("awe://job/*.txt") == ["awe://job/a.txt", "awe://job/b%20c%23%25.txt"]
    assert access.glob("awe://job/d/*/f.*") == ["awe://job/d/e/f.txt"]
    assert access.glob("awe://job/.h*") == ["awe://job/.hidden"]
    assert access.glob("awe://job/./d/") == ["awe://job/d"]
    assert access.glob("awe://job") == ["awe://job"]
    assert access.glob("awe://job/none*") == []


def test_directories_are_there_empty_ones_too(access: Access) -> None:
    assert access.listdir("awe://job/d") == ["awe://job/d/e"]
    assert access.listdir("awe://job/empty") == []
    assert access.isdir("awe://job/empty")
    assert access.isdir("awe://job")
    assert not access.isdir("awe://job/a.txt")
    with pytest.raises(FileNotFoundError):
        access.listdir("awe://job/a.txt")


def test_a_step_that_left_nothing_has_an_empty_directory() -> None:
    access = Access(Nodes(NOWHERE))
    place = access.add("job", Listing("/out", [OutputLog(NODE, "/out/", "0")]))
    assert access.listdir(place) == []


def test_files_have_sizes_and_addresses_that_are_the_same_for_all(access: Access) -> None:
    assert access.size("awe://job/b%20c%23%25.txt") == 7
    assert access.isfile("awe://job/d/e/f.txt")
    assert not access.exists("awe://job/other")
    assert access.address("awe://job/a.txt") == "own:/node/00000000-0000-0000-0000-000000000001?download"
    with pytest.raises(FileNotFoundError):
        access.size("awe://job/other")


def test_a_whole_location_is_not_joined(access: Access) -> None:
    assert access.join("awe://job", "a.txt") == "awe://job/a.txt"
    assert access.join("awe://job", "awe://job/a.txt") == "awe://job/a.txt"


def test_an_empty_file_of_a_node_can_be_read(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Nodes, "size", lambda self, url: 0)
    assert access.size(NODE) == 0
    assert access.open(NODE, "r").read() == ""


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a web server which answers GET alone, as at a presigned URL."""

    class Handler(BaseHTTPRequestHandler):
        log_message = lambda *_: None  # noqa: E731

        def do_GET(self) -> None:
            name = self.path.partition("?")[0]
            status = {"/ranges": 206 if "Range" in self.headers else 200, "/none": 404, "/empty": 416}.get(name, 200)
            packed = name == "/packed" and "gzip" in self.headers["Accept-Encoding"]
            body = b"" if name == "/empty" else gzip.compress(b"a\n") if packed else b"a\n"
            self.send_response(status)
            if packed:
                self.send_header("Content-Encoding", "gzip")
            if status in (206, 416):
                self.send_header("Content-Range", "bytes 0-0/2" if body else "bytes */0")
            if name != "/untold":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("name", "size"), [("plain", 2), ("packed", 2), ("ranges", 2), ("empty", 0)])
def test_a_file_at_a_web_server_is_its_content(access: Access, web: str, name: str, size: int) -> None:
    """Whatever is put around it on the way, and also where only GET is answered."""
    url = f"{web}/{name}?X-Amz-Signature=secret"
    assert access.isfile(url)
    assert access.size(url) == size
    if size:
        assert access.open(url, "r").read() == "a\n"


def test_the_page_of_a_web_server_that_says_that_there_is_no_file_is_none(access: Access, web: str) -> None:
    url = f"{web}/none?X-Amz-Signature=secret"
    assert not access.exists(url)
    with pytest.raises(OSError, match=r"/none\?X-Amz-Signature=\*\*\*: 404"):
        access.open(url, "r")
    with pytest.raises(FileNotFoundError, match=r"\*\*\*"):
        access.size(url)
    with pytest.raises(OSError, match="does not tell its size"):
        access.size(f"{web}/untold")
    with pytest.raises(OSError, match=r"=\*\*\*: no answer"):
        access.open("http://127.0.0.1:9/file?X-Amz-Signature=secret", "r")
