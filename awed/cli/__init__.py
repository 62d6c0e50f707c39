"""``awe``, what a person types: a client of the REST API."""

from awed.cli.program import main

__all__ = ["main"]
