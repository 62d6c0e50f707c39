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
    """A Shock host: the daemon's own node store, or another host.

    *token*: the data token of the job, "" if it has none; another host knows the user by it. *owner*: the submitter
    of the job, by whom the own store knows the user, and who will own new nodes there.

    Every method raises :class:`~awed.model.errors.NotFound` for an unknown node,
    :class:`~awed.model.errors.Unauthorized` if the user has no right, and :class:`~awed.model.errors.Unavailable` if
    the host does not answer, after several tries.
    """

    def node(node_id: str, token: str, owner: str) -> Awaitable[Node]:
        """The node's document. Waits, for a limited time, while the node's file is locked."""

    def create(token: str, owner: str, parts: int, file_name: str) -> Awaitable[Node]:
        """Make an empty node for an output; with *parts* > 1 one whose file workunits send in parts."""

    def copy(node_id: str, source: str, token: str, owner: str) -> Awaitable[Node]:
        """Give the empty node the file of the node *source*."""

    def index(node_id: str, index: str, token: str, owner: str) -> Awaitable[NodeIndex]:
        """The index of the node's file, which is made if it is not there and waited for."""

    def delete(node_id: str, token: str, owner: str) -> Awaitable[None]:
        """Delete the node. It is no error if there is none."""
