"""JSON as it comes in."""

_BOM = b"\xef\xbb\xbf"


def plain(data: bytes) -> bytes:
    """*data* without the byte order mark that editors of some systems put before a text."""
    return data.removeprefix(_BOM)
