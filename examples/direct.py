"""The report of ``lambda.json``, computed directly: what the workflow must come to."""

import re
from collections import Counter
from collections.abc import Iterator

WINDOW = 4000


def report(fasta: str) -> str:
    """The text of ``report.txt`` for a genome in FASTA form."""
    forward = "".join(line for line in fasta.split("\n") if not line.startswith(">")).upper()
    reverse = forward[::-1].translate(str.maketrans("ACGT", "TGCA"))
    frames = [*_reading_frames("forward", forward), *_reading_frames("reverse", reverse)]
    longest = sorted(frames, key=lambda line: (int(line.split()[0]), line), reverse=True)
    return "\n".join(
        [
            "Bases of phage lambda",
            *(f"{count:7d} {base}" for base, count in sorted(Counter(forward).items())),
            "",
            f"Percent of G and C, by windows of {WINDOW} bases",
            *_gc(forward),
            "",
            "Lengths of the fragments of a digest",
            f"EcoRI: {_fragments(forward, 'G', 'AATTC')}",
            f"HindIII: {_fragments(forward, 'A', 'AGCTT')}",
            "",
            "Longest open reading frames: amino acids, strand, frame, first base",
            *longest[:10],
            "",
        ]
    )


def _gc(genome: str) -> Iterator[str]:
    for start in range(0, len(genome), WINDOW):
        window = genome[start : start + WINDOW]
        yield f"{start + 1:7d} {100 * (window.count('G') + window.count('C')) / len(window):5.1f}"


def _fragments(genome: str, left: str, right: str) -> str:
    """The lengths, longest first, when an enzyme cuts between *left* and *right*."""
    pieces = genome.replace(left + right, f"{left} {right}").split()
    return " ".join(map(str, sorted(map(len, pieces), reverse=True)))


def _reading_frames(strand: str, bases: str) -> Iterator[str]:
    """From the first start codon after a stop codon to the next stop codon, in each of the strand's three frames."""
    for frame in (1, 2, 3):
        codons = re.findall("...", bases[frame - 1 :])
        start: int | None = None
        for place, codon in enumerate(codons):
            if codon == "ATG" and start is None:
                start = place
            elif codon in {"TAA", "TAG", "TGA"} and start is not None:
                yield f"{place - start:5d} {strand} {frame} {frame + 3 * start:5d}"
                start = None
