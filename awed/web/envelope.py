"""Answers in JSON, with and without the envelope: their headers and bytes."""

from collections.abc import Sequence

from msgspec import json
from twisted.web.iweb import IRequest

from awed.wire.envelope import Envelope

_encoder = json.Encoder()


def answer(request: IRequest, data: object) -> bytes:
    """The answer to a successful request: sets its status and headers, and returns its body."""
    return send_json(request, Envelope(200, data))


def answer_error(request: IRequest, status: int, texts: Sequence[str], data: object = None) -> bytes:
    """The answer to a request that was refused or failed: sets its status and headers, and returns its body."""
    return send_json(request, Envelope(status, data, list(texts)), status)


def send_json(request: IRequest, value: object, status: int = 200) -> bytes:
    """Set status and headers for *value*, without an envelope, and return its JSON."""
    return send_encoded(request, _encoder.encode(value), status)


def send_encoded(request: IRequest, body: bytes, status: int = 200) -> bytes:
    """Set status and headers for *body*, which is JSON, and return *body*."""
    set_json_headers(request, status)
    request.setHeader(b"Content-Length", b"%d" % len(body))
    return body


def set_json_headers(request: IRequest, status: int = 200) -> None:
    """Set status and headers for JSON whose length is not known yet."""
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"application/json")
