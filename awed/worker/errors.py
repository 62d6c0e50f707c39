"""Why a workunit fails before or after its command, and why a worker cannot start."""

from awed.model.errors import AwedError


class WorkFailed(AwedError):
    """The workunit cannot be run, or did not make its outputs; the texts go into its worknotes."""


class WorkdirInUse(AwedError):
    """Another worker uses this work directory."""


class WorkerRefused(Exception):
    """The server rejects the registration of this worker; the texts say why."""


class NoContainers(AwedError):
    """Commands cannot be run on this machine as the command line says; the texts tell why."""


class NotSetUp(AwedError):
    """A file that the command line names does not say what is needed, or the worker lacks a library for it."""
