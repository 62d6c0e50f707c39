"""awed: the AWE workflow server, written anew on Twisted."""

__version__ = "0.2.0"
