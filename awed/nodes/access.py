"""Checks of the rights to nodes."""

from awed.model.access import PUBLIC, RIGHTS, AclChange, User, Verb
from awed.model.errors import AwedError, NodeNotFound, Unauthorized
from awed.model.node import NodeRecord


def may(user: User, right: Verb, record: NodeRecord) -> bool:
    """Whether *user* has the right *right*.

    A worker with a job's token has the submitter's rights to the job's nodes, but not to delete them; to other nodes
    it has the rights of the anonymous user. A runner may also read what the submitter may, as it could name
    that as an input of a step.
    """
    is_input = bool(user.run) and right == "read"
    if user.nodes is not None and not is_input and (right == "delete" or record.node.id not in user.nodes):
        user = User()
    return record.acl.allows(user, right)


def check(user: User, right: Verb, record: NodeRecord) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized`, worded as by Shock, if *user* lacks the right;
    :class:`~awed.model.errors.NodeNotFound`, as for an unknown node, if *user* has no right to the node at all."""
    if not may(user, right, record):
        raise _refusal(user, record)


def check_change(user: User, change: AclChange, record: NodeRecord) -> None:
    """Raises what :func:`check` raises if *user* may not make this *change* to the node's ACL."""
    if not (change.is_free_to(user, record.acl) and _knows(user, record)):
        raise _refusal(user, record)


def _knows(user: User, record: NodeRecord) -> bool:
    return any(may(user, right, record) for right in RIGHTS)


def _refusal(user: User, record: NodeRecord) -> AwedError:
    if not _knows(user, record):
        return NodeNotFound()
    return Unauthorized("No Authorization" if user.name == PUBLIC else "User Unauthorized")
