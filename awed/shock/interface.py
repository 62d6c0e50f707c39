"""The interface through which the service uses a Shock, and how it is told of a wait for one."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from zope.interface import Interface

from awed.model.node import Node, NodeIndex

Waits = Callable[[str, float], None]
"""Called with what failed and why, and with the seconds until it is tried again."""

WAITS: ContextVar[Waits] = ContextVar("waits", default=lambda cause, pause: None)
"""Called while a data host is waited for, so that the reason of the delay can be shown."""


class IShock(Interface):
    """A Shock host as a job has it: the daemon's own node store, with the rights of the job's submitter, or another
    host, with those that the job's data token gives.

    Every method raises :class:`~awed.model.errors.NotFound` for an unknown node,
    :class:`~awed.model.errors.Unauthorized` if the user has no right, and :class:`~awed.model.errors.Unavailable` if
    the host does not answer, after several tries.
    """

    def node(node_id: str) -> Awaitable[Node]:
        """The node's document. Waits, for a limited time, while the node's file is locked."""

    def create(parts: int, file_name: str) -> Awaitable[Node]:
        """Make an empty node for an output; with *parts* > 1 one whose file workunits send in parts."""

    def copy(node_id: str, source: str) -> Awaitable[Node]:
        """Give the empty node the file of the node *source*."""

    def index(node_id: str, index: str) -> Awaitable[NodeIndex]:
        """The index of the node's file, which is made if it is not there and waited for."""

    def delete(node_id: str) -> Awaitable[None]:
        """Delete the node. It is no error if there is none."""
