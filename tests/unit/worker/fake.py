"""An AWE server for one worker, in memory: it answers as it is told, and remembers what it was asked."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from multipart import MultipartParser, parse_options_header
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError

from awed.client.calls import Request, Response
from awed.model.work import Workunit

UUID = "2ec3004c-af06-4957-8068-68c2e1ba3cfb"


class Asked(NamedTuple):
    """A request as it arrived. *parts*: the files of its form."""

    kind: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    parts: Mapping[str, bytes]

    @property
    def reports(self) -> list[dict[str, Any]]:
        """What a request reports, of one workunit or of several."""
        if self.path == "/work":
            return cast(list[dict[str, Any]], msgspec.json.decode(self.body))
        logs = {name: content.decode(errors="replace") for name, content in self.parts.items()}
        return [{"wuid": unquote(self.path.removeprefix("/work/")), **self.query, **logs}]


def data(value: Any, **headers: str) -> Response:
    """A good answer."""
    return Response(200, headers, msgspec.json.encode({"status": 200, "data": value, "error": None}))


def judged(*verdicts: tuple[int, str]) -> Response:
    """The answer to several reports: the status of each and why."""
    return data([{"wuid": "?", "status": status, "error": [text] if text else None} for status, text in verdicts])


def refused(text: str, status: int = 400) -> Response:
    """A refusal of an AWE server's."""
    return Response(status, {}, msgspec.json.encode({"status": status, "data": None, "error": [text]}))


def garbage(body: bytes, status: int = 200) -> Response:
    """An answer of somebody else's."""
    return Response(status, {}, body)


Scripted = Response | Exception | Deferred[Response]


class FakeServer:
    """An ``Http``.

    Kinds of request: register, checkout, heartbeat, log, report, secret, sign-off. Without work to hand out it lets a
    checkout wait. While *away* it refuses connections.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.uuid = UUID
        self.away = False
        self.polls: list[Deferred[Response]] = []
        self._scripts: dict[str, list[Scripted]] = {}

    def script(self, kind: str, *answers: Scripted) -> None:
        """Answer the next requests of this kind so; by a Deferred: when it fires."""
        self._scripts.setdefault(kind, []).extend(answers)

    def hand_out(self, *works: Workunit) -> None:
        """To the checkout that waits, or else to the next one."""
        if self.polls:
            self.polls.pop().callback(data(works))
        else:
            self.script("checkout", data(works))

    def kinds(self) -> list[str]:
        return [asked.kind for asked in self.asked]

    def of(self, kind: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.kind == kind]

    async def send(self, request: Request) -> Response:
        if self.away:
            raise ConnectionRefusedError
        asked = _asked(request)
        self.asked.append(asked)
        script = self._scripts.get(asked.kind)
        return await (_prompt(script.pop(0)) if script else self._default(asked))

    def _default(self, asked: Asked) -> Deferred[Response]:
        if asked.kind == "checkout":
            waiting: Deferred[Response] = Deferred(self.polls.remove)
            self.polls.append(waiting)
            return waiting
        if asked.kind == "register":
            return succeed(data({"id": "x", "server_uuid": self.uuid}))
        if asked.kind == "heartbeat":
            return succeed(data({"server-uuid": self.uuid}))
        if asked.kind == "log" or (asked.kind == "report" and asked.path == "/work"):
            return succeed(judged(*[(200, "")] * len(asked.reports)))
        return succeed(data("ok"))


def _prompt(answer: Scripted) -> Deferred[Response]:
    if isinstance(answer, Deferred):
        return answer
    return fail(answer) if isinstance(answer, Exception) else succeed(answer)


def _asked(request: Request) -> Asked:
    parts, body = urlsplit(request.path), request.body or b""
    assert isinstance(body, bytes)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    kind, files = _kind(request.method, parts.path, query), _files(request.headers, body)
    return Asked(kind, parts.path, query, request.headers, body, files)


def _kind(method: str, path: str, query: Mapping[str, str]) -> str:
    collection = path.split("/")[1]
    if "log" in query:
        return "log"
    if "heartbeat" in query:
        return "heartbeat"
    if "privateenv" in query or "datatoken" in query:
        return "secret"
    return {
        ("POST", "client"): "register",
        ("DELETE", "client"): "sign-off",
        ("GET", "work"): "checkout",
        ("PUT", "work"): "report",
    }[method, collection]


def _files(headers: Mapping[str, str], body: bytes) -> dict[str, bytes]:
    kind, options = parse_options_header(headers.get("Content-Type", ""))
    if kind != "multipart/form-data":
        return {}
    return {part.name: part.raw for part in MultipartParser(BytesIO(body), options["boundary"], strict=True)}
