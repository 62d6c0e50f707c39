"""Where records of sequence files begin. Files are read as streams of blocks, in memory that does not depend on them.

A boundary is the offset at which one record ends and the next begins. FASTQ is counted by lines: ``@`` may begin a
line of qualities as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice

from awed.model.errors import Invalid

HEAD = 1024 * 1024
"""Bytes from which a format is told; a first record of a long read has room in them."""

Blocks = Iterable[bytes]

_NEWLINE = re.compile(rb"\n")
_FASTA = re.compile(rb"\n(?=>)")
_SAM = re.compile(rb"\n(?=[^@])")
_SAM_HEADER = re.compile(rb"@(HD|SQ|RG|PG|CO)\t")
_SAM_RECORD = re.compile(rb"[^\t\n]+\t\d+\t[^\t\n]+\t\d+\t\d+\t([^\t\n]+\t){5}[^\t\n]+")
_LETTERS = re.compile(rb"[A-Za-z*.-]+\r?\Z")


def lines(blocks: Blocks) -> Iterator[int]:
    """Boundaries of lines; the end of the file is among them if it ends with a newline."""
    offset = 0
    for block in blocks:
        for match in _NEWLINE.finditer(block):
            yield offset + match.end()
        offset += len(block)


def fasta(blocks: Blocks) -> Iterator[int]:
    """Boundaries of FASTA records."""
    return _newlines(_FASTA, blocks)


def fastq(blocks: Blocks) -> Iterator[int]:
    """Boundaries of FASTQ records of four lines."""
    return islice(lines(blocks), 3, None, 4)


def sam(blocks: Blocks) -> Iterator[int]:
    """Boundaries of SAM alignments; the header belongs to the first."""
    blocks = iter(blocks)
    first = next(blocks, b"")
    has_header = first.startswith(b"@")
    return islice(_newlines(_SAM, chain([first], blocks)), int(has_header), None)


def records(head: bytes) -> Callable[[Blocks], Iterator[int]]:
    """What finds the boundaries of a file that begins with *head*.

    Raises :class:`~awed.model.errors.Invalid`, in Shock's words, if it is none of the formats.
    """
    for is_format, boundaries in _FORMATS.items():
        if is_format(head):
            return boundaries
    raise Invalid("Invalid file type for filter")


def column(number: int, blocks: Blocks) -> Iterator[int]:
    """Boundaries of runs of lines that have the same text in a tab-separated column, counted from 1."""
    previous: bytes | None = None
    offset = 0
    for line in _whole_lines(blocks):
        fields = line.rstrip(b"\r\n").split(b"\t", number)
        value = fields[number - 1] if number <= len(fields) else b""
        if previous is not None and value != previous:
            yield offset
        previous = value
        offset += len(line)


def _newlines(pattern: re.Pattern[bytes], blocks: Blocks) -> Iterator[int]:
    """The offset after each newline that *pattern* finds, which looks at the byte after it as well."""
    offset = 0
    last = b""
    for block in blocks:
        data = last + block
        for match in pattern.finditer(data):
            yield offset - len(last) + match.end()
        offset += len(block)
        last = data[-1:]


def _whole_lines(blocks: Blocks) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _is_fasta(head: bytes) -> bool:
    return head.lstrip().startswith(b">")


def _is_fastq(head: bytes) -> bool:
    first, *rest = head.split(b"\n", 4)
    if not first.startswith(b"@") or not rest or not _LETTERS.match(rest[0]):
        return False
    return len(rest) < 2 or rest[1].startswith(b"+")


def _is_sam(head: bytes) -> bool:
    return bool(_SAM_HEADER.match(head) or _SAM_RECORD.match(head))


_FORMATS: Mapping[Callable[[bytes], bool], Callable[[Blocks], Iterator[int]]] = {
    _is_fasta: fasta,
    _is_sam: sam,
    _is_fastq: fastq,
}
