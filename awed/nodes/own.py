"""The embedded node store as the daemon itself uses it."""

from zope.interface import implementer

from awed.model.access import User
from awed.model.errors import NotFound
from awed.model.node import Node, NodeIndex
from awed.nodes.change import Change, Declare
from awed.nodes.store import NodeStore
from awed.shock.interface import IShock


@implementer(IShock)
class OwnShock:
    """Does for a job what its owner may do. Tokens mean nothing here."""

    def __init__(self, nodes: NodeStore) -> None:
        self._nodes = nodes

    async def node(self, node_id: str, token: str, owner: str) -> Node:
        """The node's document, once its file is not locked any more."""
        return await self._nodes.get_settled(node_id, User(owner))

    async def create(self, token: str, owner: str, parts: int, file_name: str) -> Node:
        """An empty node of *owner*, or one that is filled by parts."""
        change = Change(fill=Declare(parts), file_name=file_name) if parts > 1 else Change()
        return await self._nodes.create(User(owner), change)

    async def index(self, node_id: str, index: str, token: str, owner: str) -> NodeIndex:
        """The index, made if it is not there."""
        return await self._nodes.index(node_id, index, User(owner))

    async def delete(self, node_id: str, token: str, owner: str) -> None:
        """Remove the node, if it is there."""
        try:
            await self._nodes.delete(node_id, User(owner))
        except NotFound:
            return
