"""The client against a host that does as it is told, in memory: bytes, retries, refusals."""

import hashlib
import re
from collections.abc import Callable, Coroutine
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from klein import Klein
from msgspec import json
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web.iweb import IAgent, IRequest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from awed.model.errors import Conflict, Invalid, NotFound, Unauthorized, Unavailable
from awed.model.node import Lock, Node, NodeFile, NodeIndex, NodeParts
from awed.shock.client import LOCK_PAUSES, ShockClient
from awed.shock.http import ANSWER_LIMIT, AT_ONCE, IDLE_LIMIT, PAUSES, DataHttp
from awed.shock.interface import IShock
from awed.web.body import AwedRequest
from awed.web.form import Part
from tests.unit.web.traversal import MemoryClient, at_once

TOKEN = "secret token"
HOST = "http://user:password@shock.example"
DATA = bytes(range(256)) * 1000


class Host:
    """Answers each request with the next of *answers*: bytes, a status and text, or whatever a callable does."""

    app = Klein()

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.fields: list[dict[str, tuple[str | None, bytes]]] = []

    @app.route("/<path:_>", methods=["GET", "PUT", "POST", "DELETE"])
    async def answer(self, request: AwedRequest, _: str) -> bytes:
        self.requests.append(f"{request.method.decode()} {request.uri.decode()}")
        self.headers.append({n.decode(): v[0].decode() for n, v in request.requestHeaders.getAllRawHeaders()})
        parts = (await request.form()).parts
        self.fields.append({part.name: (part.filename, content(part)) for part in parts})
        answer = self.answers.pop(0)
        if callable(answer):
            return bytes(answer(request))
        if isinstance(answer, bytes):
            return answer
        status, data = answer
        request.setResponseCode(status)
        ok = status == 200
        return json.encode({"status": status, "data": data if ok else None, "error": None if ok else [data]})


def content(part: Part) -> bytes:
    return part.path.read_bytes() if part.path else part.data or b""


class Talk:
    """A client and its host; time stands still until :meth:`result` needs it."""

    def __init__(self, directory: Path, *answers: Any) -> None:
        self.clock = Clock()
        self.host = Host(*answers)
        self.http = MemoryClient(self.host.app.resource(), directory)
        self.client = ShockClient(DataHttp(self.http, self.clock, at_once), HOST)
        self.path = directory / "file"

    def known_by(self, token: str) -> ShockClient:
        """A client with a token."""
        return ShockClient(DataHttp(self.http, self.clock, at_once), HOST, token)

    def settle(self) -> None:
        for _ in range(60):  # each flush may make the client ask for more
            self.http.flush()

    def result(self, call: Coroutine[Deferred[Any], Any, Any], *pauses: float) -> Any:
        results: list[Any] = []
        Deferred.fromCoroutine(call).addBoth(results.append)
        self.settle()
        for pause in pauses:
            assert not results
            self.clock.advance(pause)
            self.settle()
        assert results
        assert not self.clock.getDelayedCalls()
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]


@pytest.fixture
def talk(tmp_path: Path) -> Callable[..., Talk]:
    spool = tmp_path / "spool"
    spool.mkdir()
    return lambda *answers: Talk(tmp_path, *answers)


Talking = Callable[..., Talk]


def broken(request: Any) -> bytes:
    request.transport.loseConnection()
    return b""


def short(request: Any) -> bytes:
    request.setHeader("Content-Length", str(len(DATA)))
    request.setHeader("ETag", '"1"')
    request.write(DATA[:1000])
    request.transport.loseConnection()
    return b""


def rest(request: IRequest) -> bytes:
    request.setResponseCode(206)
    request.setHeader("Content-Range", f"bytes 1000-{len(DATA) - 1}/{len(DATA)}")
    return DATA[1000:]


def test_it_is_a_shock(talk: Talking) -> None:
    assert verifyObject(IShock, talk().client)


def test_a_download_is_the_file_and_its_size(talk: Talking) -> None:
    t = talk(DATA)
    md5 = hashlib.md5(DATA).hexdigest()
    assert t.result(t.known_by(TOKEN).download("n1", t.path, md5=md5)) == len(DATA)
    assert t.path.read_bytes() == DATA
    assert t.host.requests == ["GET /node/n1?download"]
    assert t.host.headers[0]["Authorization"] == TOKEN


def test_a_part_is_asked_for_by_index_and_range(talk: Talking) -> None:
    t = talk(b"x")
    t.result(t.known_by("abc").download("n1", t.path, part=("chunkrecord", "3-5")))
    assert t.host.requests == ["GET /node/n1?download&index=chunkrecord&part=3-5"]
    assert t.host.headers[0]["Authorization"] == "OAuth abc"


def test_a_download_that_broke_off_goes_on_where_it_was(talk: Talking) -> None:
    t = talk(short, rest)
    md5 = hashlib.md5(DATA).hexdigest()
    assert t.result(t.client.download("n1", t.path, md5=md5), PAUSES.first) == len(DATA)
    assert t.path.read_bytes() == DATA
    assert t.host.headers[1]["Range"] == "bytes=1000-"
    assert t.host.headers[1]["If-Range"] == '"1"'


def test_a_host_that_sends_all_again_is_taken_at_its_word(talk: Talking) -> None:
    t = talk(short, DATA)
    t.result(t.client.download("n1", t.path), PAUSES.first)
    assert t.path.read_bytes() == DATA


def test_a_wrong_range_is_not_taken_for_the_right_one(talk: Talking) -> None:
    def wrong(request: IRequest) -> bytes:
        request.setResponseCode(206)
        request.setHeader("Content-Range", "bytes 0-1/2")
        return b"??"

    t = talk(short, wrong, DATA)
    t.result(t.client.download("n1", t.path), *islice(PAUSES, 2))
    assert t.path.read_bytes() == DATA


def test_a_wrong_md5_is_tried_again_and_then_an_error_and_no_file(talk: Talking) -> None:
    t = talk(b"wrong", b"wrong", b"wrong", b"wrong")
    with pytest.raises(Unavailable, match=r"download node n1 at http://shock.example: the md5 .* expected abc"):
        t.result(t.client.download("n1", t.path, md5="abc"), *PAUSES)
    assert not t.path.exists()


@pytest.mark.parametrize("failure", [broken, (500, "database"), (423, "Node file is locked"), (400, "is locked")])
def test_what_may_pass_is_tried_again(talk: Talking, failure: Any) -> None:
    t = talk(failure, failure, failure, DATA)
    assert t.result(t.client.download("n1", t.path), *PAUSES) == len(DATA)


def test_what_does_not_pass_ends_and_names_host_node_call_and_cause(talk: Talking) -> None:
    t = talk(*[(503, "no disk")] * 4)
    with pytest.raises(Unavailable) as caught:
        t.result(t.known_by(TOKEN).node("n1"), *PAUSES)
    assert str(caught.value) == "get node n1 at http://shock.example: 503 no disk (tried 4 times)"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, "Node not found"), NotFound),
        ((401, "User Unauthorized"), Unauthorized),
        ((400, "Node has no file"), Invalid),
        ((501, "This request type is not implemented."), Invalid),
    ],
)
def test_a_refusal_is_not_tried_again(talk: Talking, answer: tuple[int, str], error: type[Exception]) -> None:
    t = talk(answer)
    with pytest.raises(error, match=f"download node n1 at http://shock.example: {answer[0]} {answer[1]}"):
        t.result(t.known_by(TOKEN).download("n1", t.path))
    assert not t.path.exists()


@pytest.mark.parametrize(
    ("ask", "limit"),
    [
        (lambda t: t.client.node("n1"), ANSWER_LIMIT),
        (lambda t: t.client.create(), ANSWER_LIMIT),
        (lambda t: t.client.set_attributes("n1", {}), ANSWER_LIMIT),
        (lambda t: t.client.copy("n1", "n2"), IDLE_LIMIT),
        (lambda t: t.client.download("n1", t.path), IDLE_LIMIT),
    ],
)
def test_a_silent_host_is_given_up_and_soon_if_little_is_asked(
    talk: Talking, ask: Callable[[Talk], Any], limit: float
) -> None:
    t = talk()
    t.client = ShockClient(DataHttp(SilentClient(), t.clock, at_once), HOST)
    with pytest.raises(Unavailable, match=f"no progress for {limit:.0f} s"):
        t.result(ask(t), limit, *(seconds for pause in PAUSES for seconds in (pause, limit)))


def test_one_host_is_asked_for_so_much_at_a_time_and_another_meanwhile(talk: Talking) -> None:
    """A job of 3,000 tasks opened as many connections, until the daemon had no descriptors left."""
    t, agent = talk(), Counting()
    http = DataHttp(HTTPClient(agent), t.clock, at_once)
    asked = [Deferred.fromCoroutine(ShockClient(http, HOST).node("n1")) for _ in range(3000)]
    other = Deferred.fromCoroutine(ShockClient(http, "http://other.example").node("n1"))
    for one in [*asked, other]:
        one.addErrback(lambda failure: failure.trap(CancelledError, Unavailable))
    assert agent.open == ["shock.example"] * AT_ONCE + ["other.example"]
    asked[0].cancel()
    asked[1000].cancel()
    assert len(agent.open) == AT_ONCE + 1
    other.cancel()
    t.clock.advance(ANSWER_LIMIT)
    assert agent.open == ["shock.example"] * AT_ONCE


def test_an_index_that_takes_an_hour_is_waited_for_while_the_host_answers(talk: Talking) -> None:
    building = Node("n1", indexes={"line": NodeIndex(locked=Lock())})
    done = Node("n1", indexes={"line": NodeIndex(total_units=4)})
    t = talk((200, Node("n1")), (200, None), *[(200, building)] * 300, (200, done))
    assert t.result(t.client.index("n1", "line"), *islice(LOCK_PAUSES, 300)).total_units == 4


@implementer(IAgent)
class Counting:
    """Never answers, and has the hosts of its *open* connections."""

    def __init__(self) -> None:
        self.open: list[str] = []

    def request(self, method: bytes, uri: bytes, *others: Any) -> Deferred[Any]:
        host = urlsplit(uri.decode()).hostname or ""
        self.open.append(host)
        return Deferred(lambda _: self.open.remove(host))


class SilentClient(HTTPClient):
    def __init__(self) -> None:
        pass

    def request(self, *args: Any, **kwargs: Any) -> Deferred[Any]:
        return Deferred()


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_an_upload_streams_the_file_and_its_attributes(talk: Talking, size: int) -> None:
    t = talk((200, Node("n1")))
    t.path.write_bytes(b"x" * size)
    node = t.result(t.known_by(TOKEN).upload("n1", t.path, filename="out.txt", attributes={"a": 1}))
    assert node.id == "n1"
    assert t.host.requests == ["PUT /node/n1"]
    assert t.host.fields == [{"upload": ("out.txt", b"x" * size), "attributes": ("attributes.json", b'{"a":1}')}]


def test_a_rank_is_uploaded_as_that_part(talk: Talking) -> None:
    t = talk((200, Node("n1")))
    t.path.write_bytes(b"x")
    t.result(t.client.upload("n1", t.path, filename="out.txt", rank=7, attempt=2))
    assert t.host.requests == ["PUT /node/n1?attempt=2"]
    assert t.host.fields == [{"7": ("out.txt", b"x")}]


def test_an_upload_whose_answer_was_lost_is_not_an_error(talk: Talking) -> None:
    node = Node("n1", file=NodeFile(size=1, checksum={"md5": hashlib.md5(b"x").hexdigest()}))
    t = talk(broken, (400, "Node file immutable"), (200, node), (200, node))
    t.path.write_bytes(b"x")
    assert t.result(t.client.upload("n1", t.path, filename="f"), PAUSES.first) == node


def test_another_file_in_the_node_is_an_error(talk: Talking) -> None:
    t = talk((400, "Node file immutable"), (200, Node("n1")))
    t.path.write_bytes(b"x")
    with pytest.raises(Invalid, match=r"upload f to node n1 .* Node file immutable"):
        t.result(t.client.upload("n1", t.path, filename="f"))


def md5_told(data: bytes, rank: int | None) -> Node:
    """The document after *data* came, be it as that part."""
    md5 = hashlib.md5(data).hexdigest()
    if rank:
        return Node("n1", parts=NodeParts(count=2, length=1, parts=[None, ["f", md5]]))
    return Node("n1", file=NodeFile(size=1, checksum={"md5": md5}))


@pytest.mark.parametrize("rank", [None, 2])
def test_a_file_that_became_another_on_the_way_is_sent_once_more(talk: Talking, rank: int | None) -> None:
    t = talk((200, md5_told(b"?", rank)), (200, md5_told(b"x", rank)))
    t.path.write_bytes(b"x")
    assert t.result(t.client.upload("n1", t.path, filename="f", rank=rank)) == md5_told(b"x", rank)


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize("second", [[(200, None)], [(400, "Node file immutable"), (200, None)]])
def test_a_file_that_is_another_there_is_an_error(talk: Talking, rank: int | None, second: list[Any]) -> None:
    wrong = md5_told(b"?", rank)
    t = talk((200, wrong), *[(200, wrong) if status == 200 else (status, text) for status, text in second])
    t.path.write_bytes(b"x")
    with pytest.raises(
        Conflict, match=r"upload to node n1 at .*: there f has the md5 .*, here 9dd4e461268c8034f5c8564e"
    ):
        t.result(t.client.upload("n1", t.path, filename="f", rank=rank))
    assert t.host.requests[:2] == ["PUT /node/n1"] * 2


def test_a_parts_node_is_made_in_two_steps(talk: Talking) -> None:
    t = talk((200, Node("n1")), (200, Node("n1", type="parts")))
    assert t.result(t.known_by(TOKEN).create(parts=3, file_name="all")).type == "parts"
    assert t.host.requests == ["POST /node", "PUT /node/n1"]
    assert t.host.fields[1] == {"parts": (None, b"3"), "file_name": (None, b"all")}


def test_a_node_is_waited_for_until_its_file_is_unlocked(talk: Talking) -> None:
    locked = Node("n1", file=NodeFile(locked=Lock()))
    t = talk((200, locked), (200, locked), (200, Node("n1")))
    assert t.result(t.client.node("n1"), *islice(LOCK_PAUSES, 2)) == Node("n1")


def test_a_lock_that_failed_is_an_error(talk: Talking) -> None:
    t = talk((200, Node("n1", file=NodeFile(locked=Lock(error="disk full")))))
    with pytest.raises(Invalid, match="disk full"):
        t.result(t.client.node("n1"))


def test_an_index_is_made_only_once_and_waited_for(talk: Talking) -> None:
    done = Node("n1", indexes={"line": NodeIndex(total_units=4)})
    building = Node("n1", indexes={"line": NodeIndex(locked=Lock())})
    t = talk((200, Node("n1")), (200, None), (200, building), (200, done))
    assert t.result(t.client.index("n1", "line"), LOCK_PAUSES.first).total_units == 4
    t = talk((200, done))
    assert t.result(t.client.index("n1", "line")).total_units == 4


def test_deleting_what_is_gone_is_no_error(talk: Talking) -> None:
    t = talk((404, "Node not found"))
    assert t.result(t.client.delete("n1")) is None


def test_nulls_of_a_document_are_what_is_not_set(talk: Talking) -> None:
    document = {
        "id": "n1",
        "file": {"checksum": None, "size": 0},
        "indexes": None,
        "tags": None,
        "version_parts": None,
    }
    t = talk((200, document))
    assert t.result(t.client.node("n1")) == Node("n1")


@pytest.mark.parametrize("answer", [b"<html>", b'{"data": {"id": "\xff"}}', b'{"data": ' + b"[" * 10_000])
def test_an_answer_that_is_no_shocks_is_told(talk: Talking, answer: bytes) -> None:
    t = talk(answer)
    with pytest.raises(Unavailable, match="not one of a Shock"):
        t.result(t.client.node("n1"))


def test_only_a_shocks_own_texts_are_quoted_and_those_of_known_hosts_alone(talk: Talking) -> None:
    """Whoever has the server ask a host inside must not learn from errors what is there."""
    for quotes, answer, text in (
        (True, (403, "no such thing"), "403 no such thing"),
        (False, (403, "no such thing"), "403"),
        (True, html, "403"),
    ):
        t = talk(answer)
        t.client = ShockClient(DataHttp(t.http, t.clock, at_once, quotes), HOST)
        with pytest.raises(Unauthorized, match=rf": {text}$"):
            t.result(t.client.node("n1"))


def html(request: Any) -> bytes:
    request.setResponseCode(403)
    return b"<html>secret</html>"


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"file": {"checksum": {"md5": "/etc/passwd"}}}, "the md5 is not 32 hexadecimal digits"),
        ({"file": {"checksum": {"md5": "../x"}}}, "the md5 is not 32 hexadecimal digits"),
        ({"file": {"checksum": {"md5": "\N{FULLWIDTH DIGIT ONE}" * 32}}}, "the md5 is not 32 hexadecimal digits"),
        ({"file": {"checksum": {"md5": "0" * 32 + "\n"}}}, "the md5 is not 32 hexadecimal digits"),
        ({"file": {"checksum": {"md5": ["0"]}}}, "Expected `str`"),
        ({"file": {"checksum": []}}, "Expected `object`"),
        ({"file": {"size": -1}}, "the size of the file is not between 0 and"),
        ({"file": {"size": 2**63}}, "the size of the file is not between 0 and"),
        ({"file": []}, "Expected `object`"),
        ({"indexes": {"line": {"total_units": -4}}}, "the number of units of an index is not between 0 and"),
        ({"id": "n2"}, "it is about another node"),
        ({"id": "../n1"}, "the id cannot be one of a node"),
        ({"id": None}, "missing required field `id`"),
    ],
)
def test_what_a_host_says_is_taken_for_nothing_that_it_cannot_be(
    talk: Talking, document: dict[str, Any], fault: str
) -> None:
    t = talk((200, {"id": "n1", **document}))
    with pytest.raises(
        Unavailable, match=rf"^get node n1 at .*: the answer is not one of a Shock: .*{re.escape(fault)}"
    ):
        t.result(t.client.node("n1"))


@pytest.mark.parametrize("answer", [None, [], "n1", {"id": "a/b"}])
def test_a_new_node_has_an_id_that_nodes_have(talk: Talking, answer: Any) -> None:
    t = talk((200, answer))
    with pytest.raises(Unavailable, match=r"create node at .*: the answer is not one of a Shock"):
        t.result(t.client.create())


def test_an_md5_in_capital_letters_is_the_same(talk: Talking) -> None:
    md5 = hashlib.md5(b"x").hexdigest()
    t = talk((200, {"id": "n1", "file": {"checksum": {"md5": md5.upper()}}}))
    assert t.result(t.client.node("n1")).file.checksum["md5"] == md5


def test_an_index_that_is_not_there_when_it_was_made_is_told(talk: Talking) -> None:
    t = talk((200, Node("n1")), (200, None), (200, Node("n1")))
    with pytest.raises(Unavailable, match="there is no index line after it was made"):
        t.result(t.client.index("n1", "line"))


def test_an_answer_without_end_is_not_read_to_its_end(talk: Talking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("awed.shock.http.LONGEST_ANSWER", 1000)
    t = talk(b" " * 1001)
    with pytest.raises(Unavailable, match=r"get node n1 at .*: the answer has more than 1000 bytes"):
        t.result(t.client.node("n1"))


@pytest.mark.parametrize(
    ("status", "headers", "version"),
    [
        (206, {"ETag": '"1"', "Last-Modified": "Mon"}, '"1"'),
        (200, {"ETag": 'W/"1"'}, 'W/"1"'),
        (206, {"Last-Modified": "Mon, 30 Nov 2026 05:00:00 GMT"}, "Mon, 30 Nov 2026 05:00:00 GMT"),
        (200, {}, ""),
        (416, {}, ""),
    ],
)
def test_the_version_of_a_plain_url(talk: Talking, status: int, headers: dict[str, str], version: str) -> None:
    def answer(request: IRequest) -> bytes:
        request.setResponseCode(status)
        for name, value in headers.items():
            request.setHeader(name, value)
        return b"x"

    t = talk(answer)
    assert t.result(t.client.url_version("http://host.example/a")) == version
    assert t.host.headers[0]["Range"] == "bytes=0-0"


def test_the_version_of_what_is_not_shown(talk: Talking) -> None:
    t = talk((403, "expired"))
    with pytest.raises(Unauthorized, match="expired"):
        t.result(t.client.url_version("http://host.example/a?key=secret"))


def test_a_plain_url_may_lead_elsewhere_but_not_in_circles(talk: Talking) -> None:
    def moved(request: IRequest) -> bytes:
        request.redirect(b"http://other.example/b")
        return b""

    t = talk(moved, b"hello")
    assert t.result(t.client.fetch_url("http://host.example/a?key=secret", t.path)) == 5
    t = talk(*[moved] * 30)
    with pytest.raises(Invalid, match=r"get http://host.example/a: too many redirects"):
        t.result(t.client.fetch_url("http://host.example/a?key=secret", t.path))


def test_a_plain_url_may_not_lead_to_a_directory(talk: Talking) -> None:
    def moved(request: IRequest) -> bytes:
        request.redirect(b"/data/")
        return b""

    t = talk(moved, b"<html>")
    with pytest.raises(Invalid, match=r"get http://host\.example/data: this is a directory, not a file"):
        t.result(t.client.fetch_url("http://host.example/data", t.path))


def test_a_file_goes_to_a_signed_url_with_nothing_that_was_not_signed(talk: Talking) -> None:
    """Stores that sign the type of the content refuse one that the signature does not name."""

    def moved(request: IRequest) -> bytes:
        request.redirect(b"http://other.example/b")
        return b""

    t = talk(b"", moved)
    t.path.write_bytes(b"hello")
    t.result(t.client.put_url("http://host.example/a?Signature=x", t.path))
    assert t.host.headers[0]["Content-Length"] == "5"
    assert "Content-Type" not in t.host.headers[0]
    with pytest.raises(Invalid, match=r"put http://host\.example/a: it redirects$"):
        t.result(t.client.put_url("http://host.example/a?Signature=x", t.path))


@pytest.mark.parametrize("url", ["ftp://host/x", "nonsense", "http://[::1/x", ""])
def test_what_is_no_url_is_told(talk: Talking, url: str) -> None:
    t = talk()
    with pytest.raises(Invalid, match="not a valid http or https URL"):
        t.result(t.client.fetch_url(url, t.path))


def test_no_error_tells_a_token(talk: Talking) -> None:
    for answer in ((401, "User Unauthorized"), (404, "gone"), b"<html>"):
        t = talk(answer)
        with pytest.raises(Exception) as caught:  # noqa: PT011
            t.result(t.known_by(TOKEN).node("n1"))
        assert "secret" not in str(caught.value)
        assert "password" not in str(caught.value)
