"""Prepares received JSON for decoding."""

_BOM = b"\xef\xbb\xbf"


def plain(data: bytes) -> bytes:
    """*data* without the byte order mark with which some editors begin a text."""
    return data.removeprefix(_BOM)
