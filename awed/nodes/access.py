"""Checks of the rights to nodes."""

from typing import Literal

from awed.model.access import PUBLIC, AclChange, User
from awed.model.errors import Unauthorized
from awed.model.node import NodeRecord

Right = Literal["read", "write", "delete"]


def may(user: User, right: Right, record: NodeRecord) -> bool:
    """Whether *user* has the right *right*.

    A worker with a job's token has the submitter's rights to the job's nodes, but not to delete them; to other nodes
    it has the rights of the anonymous user.
    """
    if user.nodes is not None and (right == "delete" or record.node.id not in user.nodes):
        user = User()
    return record.acl.allows(user, right)


def check(user: User, right: Right, record: NodeRecord) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized`, worded as by Shock, if *user* lacks the right."""
    if not may(user, right, record):
        raise _unauthorized(user)


def check_change(user: User, change: AclChange, record: NodeRecord) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized` if *user* may not make this *change* to the node's ACL."""
    if not change.is_free_to(user, record.acl):
        raise _unauthorized(user)


def _unauthorized(user: User) -> Unauthorized:
    return Unauthorized("No Authorization" if user.name == PUBLIC else "User Unauthorized")
