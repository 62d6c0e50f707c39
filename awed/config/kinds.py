"""The kinds of values that settings have, and how each is read from text."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Generic, TypeVar

from msgspec import Struct

from awed.model.addresses import address
from awed.model.quantities import parse_duration, parse_size, show_duration, show_size

T = TypeVar("T")


class Kind(Struct, Generic[T], frozen=True):
    """A kind of value. *expected* describes it in error messages.

    *read* makes a value of a text, and raises :class:`ValueError` if it cannot. It is never called with "", which
    means the default. *show* makes a text of a default, for the sample file.
    """

    expected: str
    read: Callable[[str], T]
    show: Callable[[T], str] = str


def whole(least: int, most: int | None = None) -> Kind[int]:
    """A whole number from *least* to *most*, both inclusive. *most* None: without limit."""

    def read(text: str) -> int:
        number = int(text)
        if number < least or (most is not None and number > most):
            raise ValueError(text)
        return number

    return Kind(f"a whole number of at least {least}" if most is None else f"a whole number {least}..{most}", read)


def size(least: int = 0) -> Kind[int]:
    """A number of bytes, at least *least*."""

    def read(text: str) -> int:
        number = parse_size(text)
        if number < least:
            raise ValueError(text)
        return number

    more = f", at least {show_size(least)}" if least else ""
    return Kind(f"a number of bytes, as 500K, 64M, 2G or 1T{more}", read, show_size)


def choice(*allowed: str) -> Kind[str]:
    """One of these texts."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return Kind(" or ".join(allowed), read)


def _url(text: str) -> str:
    address(text)
    return text.rstrip("/")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _urls(text: str) -> tuple[str, ...]:
    return tuple(map(_url, _names(text)))


def _proxies(text: str) -> tuple[str, ...]:
    names = _names(text)
    for name in names:
        if name != "unix":
            ip_network(name)
    return names


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for part in text.splitlines() if (line := part.strip()))


def _duration(text: str) -> float:
    """Seconds. Refuses 0, which could mean "not at all" or "for ever"."""
    duration = parse_duration(text)
    if not duration:
        raise ValueError(text)
    return duration.total_seconds()


def _durations(text: str) -> dict[str, float]:
    pairs = [part.partition("=") for part in _names(text)]
    if not all(name.strip() for name, _, _ in pairs):
        raise ValueError(text)
    return {name.strip(): _duration(duration.strip()) for name, _, duration in pairs}


_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def _word_urls(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in _names(text)]
    urls = {word.strip().lower(): _url(url.strip()) for word, _, url in pairs}
    if not all(map(_WORD.fullmatch, urls)):
        raise ValueError(text)
    return urls


def _path(text: str) -> str:
    return os.path.expanduser(os.path.expandvars(text))


_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _flag(text: str) -> bool:
    try:
        return _FLAGS[text.lower()]
    except KeyError:
        raise ValueError(text) from None


TEXT = Kind("a text", str)
PATH = Kind("a path", _path)
URL = Kind("a URL, http://... or https://...", _url)
URLS = Kind("URLs, separated by commas", _urls)
NAMES = Kind("names, separated by commas", _names)
PROXIES = Kind("addresses, networks as 10.0.0.0/8, or unix, separated by commas", _proxies)
LINES = Kind("lines of text", _lines)
PORT = whole(0, 65535)
FLAG = Kind("true or false", _flag, lambda flag: str(flag).lower())
SIZE = size()
DURATION = Kind("minutes, hours or days, as 30M, 12H or 7D", _duration, show_duration)
WORD_URLS = Kind("words with URLs, as word=https://...,other=https://...", _word_urls)
DURATIONS = Kind("pipelines with minutes, hours or days, as name=30M,other=7D", _durations)
