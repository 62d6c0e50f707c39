"""A caller of the API."""

from collections.abc import Collection, Mapping
from io import BytesIO
from typing import Any

import msgspec
import treq
from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.web.client import FileBodyProducer
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer

from tests.integration.conformance.recorded import differences, recorded

Files = Mapping[str, str | bytes]
"""Parts of a form by name; all are sent as files."""


class Answer(Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    json: Any

    @property
    def data(self) -> Any:
        """The data of an answer to a request that was done."""
        assert self.status == 200, self.json
        return self.json["data"]

    @property
    def fault(self) -> str:
        """The one text of an answer to a request that was refused with 400."""
        assert self.status == 400, self.json
        assert self.json["data"] is None
        (text,) = self.json["error"]
        return str(text)

    def is_like(self, name: str, but: Collection[str] = (), version: str = "v0.9.51") -> None:
        """Fail unless this is what the original answered in the exchange of that name, ids and times aside, and
        aside from the values of keys in *but*."""
        response = recorded(name, version).response
        assert self.status == response.status
        assert self.headers["content-type"] == "application/json"
        for header, text in response.headers.items():
            if header.startswith("Access-Control") and response.content_type == "application/json":
                assert self.headers[header.lower()] == text
        found = differences(self.json, response.body, but)
        assert not found, "\n".join(found)


class Messages(Protocol):
    """Reads so many messages of an event stream."""

    def __init__(self, number: int) -> None:
        self.whole: Deferred[list[Any]] = Deferred()
        self._number = number
        self._text = b""

    def dataReceived(self, data: bytes) -> None:
        self._text += data
        lines = self._text.decode().split("\n")[:-1]
        found = [msgspec.json.decode(line[5:]) for line in lines if line.startswith("data:")]
        if len(found) >= self._number and not self.whole.called:
            transport: Any = self.transport
            transport.loseConnection()
            self.whole.callback(found)


class Api:
    """The API at *url*, used by whoever *headers* say."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.headers = dict(headers or {})

    async def stream(self, path: str, number: int, headers: Mapping[str, str] | None = None) -> list[Any]:
        """The data of the first so many messages of an event stream, which is cut then."""
        raw = Headers({name: [text] for name, text in {**self.headers, **(headers or {})}.items()})
        response = await treq.get(self.url + path, headers=raw, persistent=False, unbuffered=True)
        assert response.code == 200
        assert response.headers.getRawHeaders("Content-Type") == ["text/event-stream"]
        messages = Messages(number)
        response.deliverBody(messages)
        return await messages.whole

    async def call(
        self,
        method: str,
        path: str,
        files: Files | None = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request on a connection of its own."""
        parts = {name: _part(name, content) for name, content in (files or {}).items()}
        response = await treq.request(
            method,
            self.url + path,
            files=parts or None,
            data=body,
            headers=Headers({name: [text] for name, text in {**self.headers, **(headers or {})}.items()}),
            persistent=False,
        )
        content = await response.content()
        shown = {name.decode().lower(): texts[0].decode() for name, texts in response.headers.getAllRawHeaders()}
        has_json = content and shown["content-type"] != "application/zip"
        return Answer(response.code, shown, msgspec.json.decode(content) if has_json else None)

    async def get(self, path: str) -> Answer:
        return await self.call("GET", path)

    async def put(self, path: str) -> Answer:
        return await self.call("PUT", path)

    async def delete(self, path: str) -> Answer:
        return await self.call("DELETE", path)

    async def submit(self, document: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Submit a workflow: the job."""
        answer = await self.call("POST", "/job", {"upload": msgspec.json.encode(document)}, headers=headers)
        job: dict[str, Any] = answer.data
        return job

    async def register(self, **profile: object) -> dict[str, Any]:
        """Register a worker: its record."""
        answer = await self.call("POST", "/client", {"profile": msgspec.json.encode(profile)})
        client: dict[str, Any] = answer.data
        return client


def _part(name: str, content: str | bytes) -> tuple[str, str, IBodyProducer]:
    data = content.encode() if isinstance(content, str) else content
    return name, "application/octet-stream", FileBodyProducer(BytesIO(data))
