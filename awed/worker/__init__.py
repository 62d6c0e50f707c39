"""``awe-worker``: runs the workunits of a server, with which it talks by the HTTP API alone."""

from awed.worker.command import main

__all__ = ["main"]
