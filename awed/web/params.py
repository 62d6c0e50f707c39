"""The query string of a request, read in one place.

It is read from the URI: twisted.web's own ``args`` drop a key that has no value (``?active``), which is how the
flags of this API are written.
"""

import math
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from twisted.web.iweb import IRequest

from awed.model.errors import Invalid


def header(request: IRequest, name: bytes) -> str | None:
    """The value of a field, None if it is not there. Bytes that are no UTF-8 come as replacement characters: a wrong
    token is a wrong token, not a fault of the server."""
    value = request.getHeader(name)
    return None if value is None else value.decode("utf-8", "replace")


_COUNT = re.compile(r"[0-9]{1,18}\Z")
_INTEGER = re.compile(r"-?[0-9]{1,18}\Z")


class Params:
    """Keys and values of a query string. A key may be repeated, and may stand without a value: a flag."""

    def __init__(self, query: bytes) -> None:
        """Raises :class:`~awed.model.errors.Invalid` if *query* is not UTF-8."""
        self._values: dict[str, list[str]] = {}
        try:
            text = query.decode()
            decoded = _decoded if "%" in text or "+" in text else str
            for pair in text.split("&"):
                name, _, value = pair.partition("=")
                if pair:
                    self._values.setdefault(decoded(name), []).append(decoded(value))
        except UnicodeDecodeError:
            raise Invalid("the query string is not valid UTF-8") from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __bool__(self) -> bool:
        return bool(self._values)

    def text(self, name: str, default: str = "") -> str:
        """The first value of *name*."""
        return self._values.get(name, [default])[0]

    def values(self, name: str) -> list[str]:
        """All values of *name*, as they are."""
        return self._values.get(name, [])

    def texts(self, name: str) -> list[str]:
        """All values of *name*, whether it is repeated or they are joined by commas; without empty ones."""
        return [part for value in self._values.get(name, ()) for part in value.split(",") if part]

    def count(self, name: str, default: int, most: int = 10**18 - 1) -> int:
        """A number from 0 to *most*."""
        text = self.text(name, str(default))
        if not _COUNT.match(text):
            raise Invalid(f"{name} must be a non-negative integer, found: {text}")
        if int(text) > most:
            raise Invalid(f"{name} must be at most {most}, found: {text}")
        return int(text)

    def integer(self, name: str, default: int) -> int:
        """Any integer."""
        text = self.text(name, str(default))
        if not _INTEGER.match(text):
            raise Invalid(f"{name} must be an integer, found: {text}")
        return int(text)

    def seconds(self, name: str, default: float) -> float:
        """A duration in seconds, from 0 up."""
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            raise Invalid(f"{name} must be a number of seconds, found: {text}")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of the *allowed* words."""
        text = self.text(name, default)
        if text not in allowed:
            raise Invalid(f"{name} must be one of {', '.join(allowed)}, found: {text}")
        return text

    def descending(self) -> bool:
        """Which way a list goes: ``direction``, downwards unless it says ``asc``."""
        return self.choice("direction", ("asc", "desc"), "desc") == "desc"


def params_of(request: IRequest) -> Params:
    """The parameters of *request*'s query string."""
    return Params(request.uri.partition(b"?")[2])


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict")
