"""Rights to nodes, checked in one place."""

from typing import Literal

from awed.model.access import PUBLIC, AclChange, User
from awed.model.errors import Unauthorized
from awed.model.node import NodeRecord

Right = Literal["read", "write", "delete"]


def may(user: User, right: Right, record: NodeRecord) -> bool:
    """Whether *user* has the right. The token of a job gives no more than everybody has to nodes that are not the
    job's, and none to delete."""
    if user.nodes is not None and (right == "delete" or record.node.id not in user.nodes):
        user = User()
    return record.acl.allows(user, right)


def check(user: User, right: Right, record: NodeRecord) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized`, in Shock's words, if *user* does not have the right."""
    if not may(user, right, record):
        raise _unauthorized(user)


def check_change(user: User, change: AclChange, record: NodeRecord) -> None:
    """Raises likewise if *user* may not make this change of the rights."""
    if not change.is_free_to(user, record.acl):
        raise _unauthorized(user)


def _unauthorized(user: User) -> Unauthorized:
    return Unauthorized("No Authorization" if user.name == PUBLIC else "User Unauthorized")
