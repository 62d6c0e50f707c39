"""The one place where everything is put together: ``twistd awe``."""

from awed.daemon.options import Options
from awed.daemon.service import makeService

__all__ = ["Options", "makeService"]
