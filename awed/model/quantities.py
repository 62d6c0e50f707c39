"""Durations and sizes as people write them: ``30M`` (minutes), ``12H``, ``7D``; ``500K`` (bytes), ``64M``, ``2G``."""

import re
from datetime import datetime, timedelta

_DURATION = re.compile(r"([0-9]{1,9})([MHD])")
_UNITS = {"M": "minutes", "H": "hours", "D": "days"}
_LONGEST = timedelta(days=365_000)
"""A thousand years: now and that much more is still a datetime."""

_AGO = re.compile(r"[0-9]{1,6}[mhdMHD]")
_DATE_LENGTH = len("2026-11-30")

_WAIT = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_SIZE = re.compile(r"([0-9]{1,18})([KMGT]?)")
_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_duration(text: str) -> timedelta:
    """Parse a number of minutes (M), hours (H) or days (D). Raises :class:`ValueError` if over a thousand years."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not a duration: {text}")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if duration > _LONGEST:
        raise ValueError(f"longer than a thousand years: {text}")
    return duration


def is_duration(text: str) -> bool:
    """Whether :func:`parse_duration` takes *text*."""
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


def parse_moment(text: str, now: datetime) -> datetime:
    """Parse a time: so long ago (``30m``, ``12h``, ``2d``), a date in UTC, or an RFC 3339 time.

    Raises :class:`ValueError` with what is expected.
    """
    try:
        if _AGO.fullmatch(text):
            return now - parse_duration(text.upper())
        moment = datetime.fromisoformat(f"{text}T00:00:00Z" if len(text) == _DATE_LENGTH else text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"must be like 30m, 12h, 2d, 2026-11-30 or an RFC 3339 time, found: {text}")
    return moment


def parse_wait(text: str) -> float:
    """Parse a pause, as ``10s``, ``5m``, ``1h`` or ``1d``, into seconds. Raises :class:`ValueError`."""
    match = _WAIT.fullmatch(text)
    if match is None:
        raise ValueError(f"not a pause: {text}")
    return float(int(match[1]) * _SECONDS[match[2]])


def show_duration(seconds: float) -> str:
    """*seconds*, a whole number of minutes, as :func:`parse_duration` reads them, in the largest unit that fits."""
    minutes = int(seconds) // 60
    unit, factor = next((unit, factor) for unit, factor in (("D", 1440), ("H", 60), ("M", 1)) if not minutes % factor)
    return f"{minutes // factor}{unit}"


def parse_size(text: str) -> int:
    """Parse a number of bytes, or of K, M, G or T (powers of 1024), into bytes. Raises :class:`ValueError`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a size: {text}")
    return int(match[1]) * _FACTORS[match[2]]


def show_size(size: int) -> str:
    """*size* bytes as :func:`parse_size` reads them, in the largest unit of which they are a whole number."""
    unit = max((unit for unit, factor in _FACTORS.items() if size % factor == 0), key=_FACTORS.__getitem__)
    return f"{size // _FACTORS[unit]}{unit}" if size else "0"


def rough_size(size: float) -> str:
    """*size* bytes, rounded to one decimal for people: ``31.2 GB``. A GB has 1024 ** 3 bytes."""
    power = next((power for power in range(4) if size < 1000 * 1024**power), 4)
    return f"{round(size / 1024**power, 1):g} {('B', 'KB', 'MB', 'GB', 'TB')[power]}"
