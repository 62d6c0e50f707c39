"""``awe``, the command line client of the REST API."""

from awed.cli.program import main

__all__ = ["main"]
