"""Answers in the envelope.

A model's value goes straight from its Struct into the bytes of the answer. Handlers return what these functions
return; nothing else writes headers of a JSON answer.
"""

from collections.abc import Sequence

from msgspec import json
from twisted.web.iweb import IRequest

from awed.wire.envelope import Envelope

_encoder = json.Encoder()


def answer(request: IRequest, data: object) -> bytes:
    """The answer to a request that was done."""
    return send_json(request, Envelope(200, data))


def answer_error(request: IRequest, status: int, texts: Sequence[str]) -> bytes:
    """The answer to a request that was refused or failed."""
    return send_json(request, Envelope(status, None, list(texts)), status)


def send_json(request: IRequest, value: object, status: int = 200) -> bytes:
    """Set status and headers for *value* alone, without an envelope, and return its bytes."""
    return send_encoded(request, _encoder.encode(value), status)


def send_encoded(request: IRequest, body: bytes, status: int = 200) -> bytes:
    """Set status and headers for *body*, which is JSON, and return it."""
    set_json_headers(request, status)
    request.setHeader(b"Content-Length", b"%d" % len(body))
    return body


def set_json_headers(request: IRequest, status: int = 200) -> None:
    """Set status and headers for JSON of a length that is not known yet."""
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"application/json")
