"""Ids of requests: each answer has one in ``X-Request-Id``, and what is logged meanwhile names it."""

import re
from itertools import count

from twisted.web.http_headers import Headers

FIELD = b"X-Request-Id"

_SANE = re.compile(rb"[A-Za-z0-9._~+/=:-]{1,64}")
"""What may come from outside into the log: a UUID, the id of a trace, and the like."""


class RequestIds:
    """Gives ids. *prefix* tells those of this process from those of others."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def new(self) -> bytes:
        """An id that no request had before."""
        return f"{self._prefix}-{next(self._numbers)}".encode()

    def of(self, headers: Headers) -> bytes:
        """The id that a request brings along, if it is one; else a new one."""
        given = headers.getRawHeaders(FIELD)
        if given is not None and _SANE.fullmatch(given[-1]):
            return given[-1]
        return self.new()
