"""Files come where the document says, and go where it says."""

import bz2
import gzip
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import succeed

from awed.model.job import IO
from awed.model.work import Part
from awed.tx.http import Reach
from awed.wire.headers import Tokens
from awed.worker import copying
from awed.worker.cache import Cache
from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots
from awed.worker.files import Access, FileMover, part_of, unit_range
from awed.worker.outputs import find_outputs
from awed.worker.urls import Urls
from tests.unit.worker.builders import HOST, IN_THREAD, file, result, workunit
from tests.unit.worker.datahost import FakeHosts

TOKEN = "tok"
MD5 = "900150983cd24fb0d6963f7d28e17f72"
TOKENS = Tokens(TOKEN, "http://awe", "own")


class World:
    """A work directory, and the hosts around it."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "work"
        self.cache = directory / "cache"
        self.root.mkdir()
        self.cache.mkdir()
        self.hosts = FakeHosts()
        urls = Urls(FileRoots([directory]), None, self.hosts, self.hosts, Reach(), IN_THREAD)
        self.access = Access(TOKENS, urls)
        cache = Cache(self.cache, IN_THREAD, lambda wanted: False)
        self.mover = FileMover(cache, IN_THREAD, lambda wanted: succeed(0))

    def fetch(self, *inputs: IO, **fields: Any) -> int:
        return result(self.mover.fetch_inputs(workunit(inputs=list(inputs), **fields), self.root, self.access))

    def predata(self, *predata: IO) -> int:
        return result(self.mover.fetch_predata(workunit(predata=list(predata)), self.root, self.access))

    def deliver(self, *outputs: IO, **fields: Any) -> None:
        work = workunit(outputs=list(outputs), **fields)
        result(self.mover.deliver(work, find_outputs(self.root, outputs), self.root, self.access))

    def make(self, name: str, content: str) -> None:
        (self.root / name).write_text(content)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# In.


def test_inputs_come_from_nodes_with_the_token_and_from_urls_without(world: World) -> None:
    world.hosts.content |= {"node-of-a": b"abc", "http://x/b": b"de"}
    size = world.fetch(file("a", directory="sub/dir"), IO(filename="b", url="http://x/b"))
    assert size == 5
    assert (world.root / "sub" / "dir" / "a").read_bytes() == b"abc"
    assert (world.root / "b").read_bytes() == b"de"
    assert world.hosts.calls == [
        ("node", "node-of-a", TOKEN),
        ("download", HOST, "node-of-a", TOKEN, None),
        ("fetch_url", "http://x/b"),
    ]


def test_files_at_the_servers_own_host_go_by_its_own_token() -> None:
    assert [TOKENS.at(host) for host in ("http://awe", HOST, "")] == ["own", TOKEN, TOKEN]
    assert [Tokens("d", "http://awe").at("http://awe"), Tokens().at(HOST)] == ["d", ""]
    named = Tokens("d", hosts=f"http://other,{HOST}")
    assert [named.at(HOST), named.at("http://evil"), Tokens("d", hosts="").at(HOST)] == ["d", "", ""]


def test_of_the_split_input_only_the_part_comes(world: World) -> None:
    world.hosts.content |= {"node-of-a": b"abc", "node-of-b": b"de"}
    part = Part(input="a", index="line", totalindex=10)
    world.fetch(file("a", cache=True), file("b"), rank=2, totalwork=5, part=part)
    assert [call[4] for call in world.hosts.calls if call[0] == "download"] == [("line", "3-4"), None]


def test_a_whole_file_must_have_the_md5_of_its_node(world: World) -> None:
    world.hosts.content |= {"node-of-a": b"abc", "node-of-b": b"de"}
    world.hosts.md5 |= {"node-of-a": "md5 of all", "node-of-b": "md5 of b"}
    world.fetch(file("a"), file("b"), rank=2, totalwork=5, part=Part(input="a", index="line", totalindex=10))
    assert world.hosts.wanted == {"node-of-a": None, "node-of-b": "md5 of b"}


@pytest.mark.parametrize(("method", "pack"), [("gzip", gzip.compress), ("bzip2", bz2.compress)])
def test_packed_inputs_are_unpacked(world: World, method: str, pack: Any) -> None:
    world.hosts.content["node-of-a"] = pack(b"plain" * 1000)
    assert world.fetch(file("a", uncompress=method)) == 5000
    assert (world.root / "a").read_bytes() == b"plain" * 1000
    assert [path.name for path in world.root.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("content", "method", "text"),
    [
        (b"plain", "gzip", "a: cannot uncompress it by gzip: Not a gzipped file"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-20], "gzip", "a: cannot uncompress it by gzip: Compressed file ended"),
        (b"plain", "bzip2", "a: cannot uncompress it by bzip2: Invalid data stream"),
        (b"plain", "rar", "a: uncompress must be one of gzip, bzip2, found 'rar'"),
    ],
)
def test_what_cannot_be_unpacked_is_a_clear_failure(world: World, content: bytes, method: str, text: str) -> None:
    world.hosts.content["node-of-a"] = content
    with pytest.raises(WorkFailed) as failed:
        world.fetch(file("a", uncompress=method))
    assert str(failed.value).startswith(text)


def test_what_is_unpacked_leaves_room_to_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file may become one that is larger than the disk."""
    monkeypatch.setattr(copying, "MIN_FREE", 1 << 62)
    world.hosts.content["node-of-a"] = gzip.compress(b"x" * 1000)
    with pytest.raises(WorkFailed, match=r"a: cannot uncompress it by gzip: .*No space left"):
        world.fetch(file("a", uncompress="gzip"))
    assert not list(world.root.glob("*.unpacked"))


def test_attributes_come_as_a_file_with_or_without_the_node_s_file(world: World) -> None:
    world.hosts.content["node-of-a"] = b"abc"
    world.hosts.attributes |= {"node-of-a": {"k": [1]}, "node-of-b": None}
    assert world.fetch(file("a", attrfile="a.json"), file("b", nofile=True, attrfile="b.json")) == 3
    assert json.loads((world.root / "a.json").read_text()) == {"k": [1]}
    assert json.loads((world.root / "b.json").read_text()) == {}
    assert not (world.root / "b").exists()


@pytest.mark.parametrize(
    ("io", "text"),
    [
        (file("gone"), f"gone: download node node-of-gone at {HOST}: 404 Node not found"),
        (IO(filename="none"), "none: neither a node nor a url to fetch it from"),
        (file("none", node="-"), "none: neither a node nor a url to fetch it from"),
        (file("../up"), "../up: '../up' is not inside of the work directory"),
        (file("a", directory="/etc"), "a: '/etc/a' is not inside of the work directory"),
        (file("a", nofile=True, attrfile="../x"), "a: '../x' is not inside of the work directory"),
    ],
)
def test_what_cannot_be_fetched_is_told_with_its_name(world: World, io: IO, text: str) -> None:
    with pytest.raises(WorkFailed) as failed:
        world.fetch(io)
    assert str(failed.value) == text


def test_predata_are_fetched_once_from_a_host_and_known_by_their_content(world: World) -> None:
    world.hosts.content |= {"node-of-a": b"abc", "node-of-b": b"abc"}
    world.hosts.md5 |= {"node-of-a": MD5, "node-of-b": MD5}
    assert world.predata(file("a"), file("b", directory="sub")) == 6
    assert [call[0] for call in world.hosts.calls] == ["node", "download", "node"]
    assert world.hosts.wanted == {"node-of-a": MD5}
    assert sorted(path.name for path in world.root.rglob("*")) == ["a", "b", "sub"]


def test_nobody_gets_a_cached_file_by_what_another_host_says(world: World) -> None:
    """A host may claim any md5, also that of somebody's secret."""
    world.hosts.content |= {"node-of-a": b"secret", "node-of-b": b"mine"}
    world.hosts.md5 |= {"node-of-a": MD5, "node-of-b": MD5}
    world.predata(file("a"), file("b", host="http://liar"))
    assert (world.root / "b").read_bytes() == b"mine"


def test_predata_of_a_url_are_known_by_it_and_its_version(world: World) -> None:
    world.hosts.content |= {"http://x/a": b"abc", "http://x/b": b"abc"}
    world.hosts.versions |= {"http://x/a": "1", "http://x/b": "1"}
    a, b = IO(filename="a", url="http://x/a"), IO(filename="b", url="http://x/b")
    world.predata(a, a, b)
    assert world.hosts.calls == [("fetch_url", "http://x/a"), ("fetch_url", "http://x/b")]
    world.hosts.content["http://x/a"] = b"new"
    world.hosts.versions["http://x/a"] = "2"
    world.predata(a)
    assert (world.root / "a").read_bytes() == b"new"


def test_predata_of_a_url_without_versions_come_each_time(world: World) -> None:
    world.hosts.content["http://x/a"] = b"abc"
    world.predata(*[IO(filename="a", url="http://x/a")] * 2)
    assert len(world.hosts.calls) == 2


def test_inputs_to_be_cached_are_shared_too_packed_and_unpacked(world: World) -> None:
    world.hosts.content["node-of-a"] = packed = gzip.compress(b"abc")
    world.hosts.md5["node-of-a"] = MD5
    for _ in range(2):
        assert world.fetch(file("a", cache=True, uncompress="gzip")) == 3
        assert world.fetch(file("a", cache=True)) == len(packed)
    assert [call[0] for call in world.hosts.calls].count("download") == 2


def test_a_file_comes_to_where_there_is_one_by_a_rename(world: World) -> None:
    """Whoever has the other one open, or linked, keeps it as it is."""
    world.hosts.content["node-of-a"] = b"abc"
    world.make("other", "other")
    (world.root / "a").hardlink_to(world.root / "other")
    world.fetch(file("a"))
    assert (world.root / "other").read_text() == "other"


# Out.


def test_an_output_is_uploaded_whole_under_its_name_at_the_node(world: World) -> None:
    world.make("a", "abc")
    world.deliver(file("a", shockfilename="result.txt", nodeattr={"k": "v"}))
    assert world.hosts.calls == [("upload", "node-of-a", "result.txt", TOKEN, None, {"k": "v"})]
    assert world.hosts.content["node-of-a"] == b"abc"


def test_a_rank_uploads_its_part_and_the_first_one_the_attributes(world: World) -> None:
    world.make("a", "abc")
    for rank in (1, 2):
        world.deliver(file("a", nodeattr={"k": "v"}), rank=rank, totalwork=2)
    assert [call[4:] for call in world.hosts.calls] == [(1, {"k": "v"}), (2, None)]


def test_an_optional_output_that_is_missing_is_not_uploaded_but_for_a_rank_as_an_empty_part(world: World) -> None:
    world.deliver(file("a", optional=True))
    assert world.hosts.calls == []
    world.deliver(file("a", optional=True), rank=2, totalwork=2)
    assert world.hosts.content["node-of-a/2"] == b""


def test_what_the_command_wrote_as_attributes_goes_over_those_of_the_document(world: World) -> None:
    world.make("a", "abc")
    world.make("a.json", '{"k": "new", "m": 1}')
    world.deliver(file("a", nodeattr={"k": "old", "l": 2}, attrfile="a.json"))
    assert world.hosts.calls[0][5] == {"k": "new", "l": 2, "m": 1}


def test_an_attribute_file_need_not_be_there(world: World) -> None:
    world.make("a", "abc")
    world.deliver(file("a", attrfile="a.json"))
    assert world.hosts.calls[0][5] is None


@pytest.mark.parametrize(
    "text", ["{", "[1]", "7", '{"a": "\\ud800"}', '{"a": NaN}', '{"a": 1e999}', '{"a":' * 3000, "\N{NO-BREAK SPACE}"]
)
def test_a_broken_attribute_file_is_a_failure(world: World, text: str) -> None:
    world.make("a", "abc")
    world.make("a.json", text)
    with pytest.raises(WorkFailed, match=r"^a: .*attribute file a.json"):
        world.deliver(file("a", attrfile="a.json"))


def test_an_attribute_file_that_is_too_large_is_not_read(world: World) -> None:
    world.make("a", "abc")
    with (world.root / "a.json").open("wb") as sparse:
        sparse.truncate(2 << 30)
    with pytest.raises(WorkFailed, match="it has 2147483648 bytes, more than the 16777216 allowed"):
        world.deliver(file("a", attrfile="a.json"))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (os.mkfifo, "it is not a plain file"),
        (os.mkdir, "Is a directory"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "No such device or address"),
        (lambda path: path.symlink_to("a"), "Too many levels of symbolic links"),
    ],
)
def test_an_attribute_file_that_is_none_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], text: str
) -> None:
    monkeypatch.chdir(world.root)  # the address of a socket must be short
    world.make("a", "{}")
    make(Path("a.json"))
    with pytest.raises(WorkFailed, match=f"a: cannot read the attribute file a.json: {text}"):
        world.deliver(file("a", attrfile="a.json"))


@pytest.mark.parametrize("options", [{"nofile": True}, {"type": "update"}])
def test_some_outputs_are_attributes_alone(world: World, options: dict[str, Any]) -> None:
    world.deliver(file("a", nodeattr={"k": "v"}, **options))
    assert world.hosts.calls == [("set_attributes", "node-of-a", {"k": "v"}, TOKEN)]


def test_a_copy_shares_the_file_of_the_node_that_is_named(world: World) -> None:
    world.deliver(file("a", type="copy", formoptions={"parent_node": "p"}, nodeattr={"k": "v"}))
    assert world.hosts.calls == [
        ("copy", "node-of-a", "p", TOKEN),
        ("set_attributes", "node-of-a", {"k": "v"}, TOKEN),
    ]


def test_a_subset_is_a_list_of_records_of_an_input(world: World) -> None:
    world.make("a", "1\n3\n")
    options = {"parent_name": "in", "parent_index": "record"}
    world.deliver(file("a", type="subset", formoptions=options), inputs=[file("in")])
    assert world.hosts.calls == [("subset", "node-of-a", "node-of-in", "record", b"1\n3\n", TOKEN)]


def test_a_subset_of_nothing_is_an_empty_file(world: World) -> None:
    world.make("a", "")
    world.deliver(file("a", type="subset", formoptions={"parent_node": "p", "parent_index": "record"}))
    assert world.hosts.calls[0][0] == "upload"


@pytest.mark.parametrize(
    ("io", "text"),
    [
        (IO(filename="a"), "a: no node to deliver it to"),
        (file("a", type="copy"), "a: formoptions.parent_node or parent_name must name the node it is made of"),
    ],
)
def test_what_cannot_be_delivered_is_told_with_its_name(world: World, io: IO, text: str) -> None:
    world.make("a", "abc")
    with pytest.raises(WorkFailed) as failed:
        world.deliver(io)
    assert str(failed.value) == text


@given(totalwork=st.integers(1, 200), extra=st.integers(0, 2000))
def test_the_ranges_follow_each_other_and_cover_all_units(totalwork: int, extra: int) -> None:
    units = totalwork + extra
    covered: list[int] = []
    for rank in range(1, totalwork + 1):
        first, _, last = unit_range(rank, totalwork, units).partition("-")
        covered += range(int(first), int(last or first) + 1)
    assert covered == list(range(1, units + 1))


def test_one_unit_is_written_as_one_number() -> None:
    assert [unit_range(rank, 3, 5) for rank in (1, 2, 3)] == ["1-2", "3-4", "5"]


def test_only_the_split_input_is_read_in_parts() -> None:
    work = workunit(rank=2, totalwork=2, part=Part(input="a", index="chunkrecord", totalindex=4))
    assert part_of(work, file("a")) == ("chunkrecord", "3-4")
    assert part_of(work, file("b")) is None
    assert part_of(workunit(rank=2, totalwork=2), file("a")) is None
