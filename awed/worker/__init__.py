"""``awe-worker``: runs the workunits of a server. It knows the server by its HTTP API alone."""

from awed.worker.command import main

__all__ = ["main"]
