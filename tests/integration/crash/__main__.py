"""``make crash ROUNDS=n [STORE=uri]``: a long crash test, with its numbers."""

import sys
import tempfile
from pathlib import Path

from tests.integration.crash.play import play


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    store = sys.argv[2] if len(sys.argv) > 2 else ""
    with tempfile.TemporaryDirectory() as folder:
        ledger = play(Path(folder), rounds, store)
    for name, number in sorted(ledger.numbers.items()):
        print(f"{number:8} {name}")
    for fault in ledger.faults[:20]:
        print(f"FAULT: {fault}")
    print(f"{len(ledger.faults):8} faults")
    return 1 if ledger.faults else 0


if __name__ == "__main__":
    sys.exit(main())
