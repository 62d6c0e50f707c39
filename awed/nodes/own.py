"""The daemon's own node store as an :class:`~awed.shock.interface.IShock`."""

from zope.interface import implementer

from awed.model.access import User
from awed.model.errors import NotFound
from awed.model.node import Node, NodeIndex
from awed.nodes.change import Change, CopyOf, Declare
from awed.nodes.store import NodeStore
from awed.shock.interface import IShock


@implementer(IShock)
class OwnShock:
    """Acts with the rights of *owner*, the submitter of the job, who will own new nodes."""

    def __init__(self, nodes: NodeStore, owner: str) -> None:
        self._nodes = nodes
        self._user = User(owner)

    async def node(self, node_id: str) -> Node:
        return await self._nodes.get_settled(node_id, self._user)

    async def create(self, parts: int, file_name: str) -> Node:
        change = Change(fill=Declare(parts), file_name=file_name) if parts > 1 else Change()
        return await self._nodes.create(self._user, change)

    async def copy(self, node_id: str, source: str) -> Node:
        """Give the empty node the file and the attributes of the node *source*."""
        return await self._nodes.update(node_id, self._user, Change(fill=CopyOf(source, attributes=True)))

    async def index(self, node_id: str, index: str) -> NodeIndex:
        return await self._nodes.index(node_id, index, self._user)

    async def delete(self, node_id: str) -> None:
        try:
            await self._nodes.delete(node_id, self._user)
        except NotFound:
            return
