"""Where records of sequence files begin. Files are read as streams of blocks, in memory that does not depend on them.

A boundary is the offset at which one record ends and the next begins; they come as one list for each block, which may
be empty. FASTQ is counted by lines: ``@`` may begin a line of qualities as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from awed.model.errors import Invalid

HEAD = 1024 * 1024
"""Bytes from which a format is told; a first record of a long read has room in them."""

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes in a line that is cut into columns."""

Blocks = Iterable[bytes]
Boundaries = Iterator[list[int]]

_NEWLINE = re.compile(rb"\n")
_FASTA = re.compile(rb"\n(?=>)")
_SAM = re.compile(rb"\n(?=[^@])")
_SAM_HEADER = re.compile(rb"@(HD|SQ|RG|PG|CO)\t")
_SAM_RECORD = re.compile(rb"[^\t\n]+\t\d+\t[^\t\n]+\t\d+\t\d+\t([^\t\n]+\t){5}[^\t\n]+")
_LETTERS = re.compile(rb"[A-Za-z*.-]+\r?\Z")


def lines(blocks: Blocks) -> Boundaries:
    """Boundaries of lines; the end of the file is among them if it ends with a newline."""
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
    """Boundaries of SAM alignments; the header belongs to the first."""
    blocks = iter(blocks)
    first = next(blocks, b"")
    in_header = first.startswith(b"@")
    for found in _newlines(_SAM, chain([first], blocks)):
        yield found[in_header:]
        in_header = in_header and not found


def records(head: bytes) -> Callable[[Blocks], Boundaries]:
    """What finds the boundaries of a file that begins with *head*.

    Raises :class:`~awed.model.errors.Invalid`, in Shock's words, if it is none of the formats.
    """
    for is_format, boundaries in _FORMATS.items():
        if is_format(head):
            return boundaries
    raise Invalid("Invalid file type for filter")


def column(number: int, blocks: Blocks) -> Boundaries:
    """Boundaries of runs of lines that have the same text in a tab-separated column, counted from 1.

    Raises :class:`~awed.model.errors.Invalid` for a line of more than :data:`LONGEST_LINE` bytes.
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
    """The offset after each newline that *pattern* finds, which looks at the byte after it as well."""
    offset = 0
    last = b""
    for block in blocks:
        data = last + block
        yield [offset - len(last) + match.end() for match in pattern.finditer(data)]
        offset += len(block)
        last = data[-1:]


def _whole_lines(blocks: Blocks) -> Iterator[list[bytes]]:
    """The lines that end in each block; in the end the last one, if it has no newline."""
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
