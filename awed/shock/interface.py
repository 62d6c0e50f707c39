"""The port to the data plane: what the service asks of a Shock, be it the embedded store or another host."""

from collections.abc import Awaitable

from zope.interface import Interface

from awed.model.node import Node, NodeIndex


class IShock(Interface):
    """One Shock host. Every method raises :class:`~awed.model.errors.NotFound` for an unknown node,
    :class:`~awed.model.errors.Unauthorized` if the token may not, and
    :class:`~awed.model.errors.Unavailable` if the host does not answer (already tried again as often as is sensible).

    *token* is a job's data token, "" if it has none: by it another host knows who asks. To the embedded store
    *owner* says it, the user to whom the job belongs: the owner of new nodes, and the one whose rights count.
    """

    def node(node_id: str, token: str, owner: str) -> Awaitable[Node]:
        """The node's document. Waits (limited) while its file or an index is locked."""

    def create(token: str, owner: str, parts: int, file_name: str) -> Awaitable[Node]:
        """An empty node for an output; with *parts* > 1 a parts node that workers fill rank by rank."""

    def index(node_id: str, index: str, token: str, owner: str) -> Awaitable[NodeIndex]:
        """Make the index if it is not there, wait until it is ready, and tell its size."""

    def delete(node_id: str, token: str, owner: str) -> Awaitable[None]:
        """Remove the node; one that is gone already is no error."""
