"""Finds the records of sequence files. A file is read as a stream of blocks, in bounded memory.

A boundary is the offset at which one record ends and the next begins. Boundaries come as one list for each block,
which may be empty. FASTQ records are told by counting lines, as a line of qualities may begin with ``@`` too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from awed.model.errors import Invalid

HEAD = 1024 * 1024
"""Bytes at the begin of a file by which its format is recognised; enough for a long read as the first record."""

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes that a line may have for an index of a column."""

Blocks = Iterable[bytes]
Boundaries = Iterator[list[int]]

_NEWLINE = re.compile(rb"\n")
_FASTA = re.compile(rb"\n(?=>)")
_SAM = re.compile(rb"\n(?=[^@])")
_SAM_HEADER = re.compile(rb"@(HD|SQ|RG|PG|CO)\t")
_SAM_RECORD = re.compile(rb"[^\t\n]+\t\d+\t[^\t\n]+\t\d+\t\d+\t([^\t\n]+\t){5}[^\t\n]+")
_LETTERS = re.compile(rb"[A-Za-z*.-]+\r?\Z")


def lines(blocks: Blocks) -> Boundaries:
    """Boundaries of lines, with the end of a file that ends with a newline."""
    offset = 0
    for block in blocks:
        yield [offset + match.end() for match in _NEWLINE.finditer(block)]
        offset += len(block)


def fasta(blocks: Blocks) -> Boundaries:
    """Boundaries of FASTA records."""
    return _newlines(_FASTA, blocks)


def fastq(blocks: Blocks) -> Boundaries:
    """Boundaries of FASTQ records of four lines."""
    before = 0
    for found in lines(blocks):
        yield found[(3 - before) % 4 :: 4]
        before += len(found)


def sam(blocks: Blocks) -> Boundaries:
    """Boundaries of SAM alignments. The header is a part of the first."""
    blocks = iter(blocks)
    first = next(blocks, b"")
    in_header = first.startswith(b"@")
    for found in _newlines(_SAM, chain([first], blocks)):
        yield found[in_header:]
        in_header = in_header and not found


def records(head: bytes) -> Callable[[Blocks], Boundaries]:
    """The function that finds the boundaries of records in a file that begins with *head*.

    Raises :class:`~awed.model.errors.Invalid`, worded as by Shock, for a file of another format.
    """
    for is_format, boundaries in _FORMATS.items():
        if is_format(head):
            return boundaries
    raise Invalid("Invalid file type for filter")


def column(number: int, blocks: Blocks) -> Boundaries:
    """Boundaries of runs of lines that have the same text in tab-separated column *number*, counted from 1.

    Raises :class:`~awed.model.errors.Invalid` for a line of more than LONGEST_LINE bytes.
    """
    previous: bytes | None = None
    offset = 0
    for whole in _whole_lines(blocks):
        found = []
        for line in whole:
            fields = line.rstrip(b"\r\n").split(b"\t", number)
            value = fields[number - 1] if number <= len(fields) else b""
            if previous is not None and value != previous:
                found.append(offset)
            previous = value
            offset += len(line)
        yield found


def _newlines(pattern: re.Pattern[bytes], blocks: Blocks) -> Boundaries:
    """The offset after each newline that *pattern* matches; *pattern* looks at the byte after the newline too."""
    offset = 0
    last = b""
    for block in blocks:
        data = last + block
        yield [offset - len(last) + match.end() for match in pattern.finditer(data)]
        offset += len(block)
        last = data[-1:]


def _whole_lines(blocks: Blocks) -> Iterator[list[bytes]]:
    """The lines that end in each block, and at the end the last line if it has no newline."""
    begun: list[bytes] = []
    length = 0
    for block in blocks:
        *ended, rest = block.split(b"\n")
        if ended:
            ended[0] = b"".join([*begun, ended[0]])
            begun, length = [], 0
        yield [line + b"\n" for line in ended]
        begun.append(rest)
        length += len(rest)
        if length > LONGEST_LINE:
            raise Invalid(f"an index of a column needs lines of at most {LONGEST_LINE} bytes")
    if length:
        yield [b"".join(begun)]


def _is_fasta(head: bytes) -> bool:
    return head.lstrip().startswith(b">")


def _is_fastq(head: bytes) -> bool:
    first, *rest = head.split(b"\n", 4)
    if not first.startswith(b"@") or not rest or not _LETTERS.match(rest[0]):
        return False
    return len(rest) < 2 or rest[1].startswith(b"+")


def _is_sam(head: bytes) -> bool:
    return bool(_SAM_HEADER.match(head) or _SAM_RECORD.match(head))


_FORMATS: Mapping[Callable[[bytes], bool], Callable[[Blocks], Boundaries]] = {
    _is_fasta: fasta,
    _is_sam: sam,
    _is_fastq: fastq,
}
