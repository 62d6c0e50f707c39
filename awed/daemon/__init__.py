"""The one place where everything is put together: ``twistd awe``."""

from awed.daemon.options import Options

__all__ = ["Options"]
