"""``python -m awed.cli``."""

from awed.cli.program import main

main()
