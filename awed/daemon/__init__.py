"""The daemon, ``twistd awe``: makes all parts, joins them, starts and stops them."""

from awed.daemon.options import Options
from awed.daemon.service import makeService

__all__ = ["Options", "makeService"]
