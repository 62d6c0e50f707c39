"""What can keep a workunit, or the worker itself, from being run."""

from awed.model.errors import AwedError


class WorkFailed(AwedError):
    """The workunit cannot be run or did not do what it declares; the text goes into its worknotes."""


class WorkdirInUse(AwedError):
    """Another worker lives in this directory."""


class WorkerRefused(Exception):
    """The server will not have this worker; the text is the server's."""
