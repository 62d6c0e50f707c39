"""Rights to nodes, checked in one place."""

from typing import Literal

from msgspec import Struct

from awed.model.access import PUBLIC, Acl, User
from awed.model.errors import Invalid, Unauthorized
from awed.model.node import NodeRecord

Right = Literal["read", "write", "delete"]
RIGHTS: tuple[Right, ...] = ("read", "write", "delete")


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


def _unauthorized(user: User) -> Unauthorized:
    return Unauthorized("No Authorization" if user.name == PUBLIC else "User Unauthorized")


class AclChange(Struct, frozen=True):
    """*users* get (or lose) rights. *subject*: a right, ``all`` of them, or ``owner``."""

    subject: str
    users: list[str]
    give: bool


def apply_acl(change: AclChange, user: User, acl: Acl) -> None:
    """Make the change, if *user* may: the owner and admins all, others only give up what they have themselves."""
    only_oneself = not change.give and change.users == [user.name]
    if user.nodes is not None or not (user.admin or user.name == acl.owner or only_oneself):
        raise _unauthorized(user)
    if change.subject == "owner":
        _hand_over(change, acl)
        return
    for right in RIGHTS if change.subject == "all" else (change.subject,):
        holders = getattr(acl, right)
        rest = [holder for holder in holders if holder not in change.users]
        setattr(acl, right, [*rest, *change.users] if change.give else rest)


def _hand_over(change: AclChange, acl: Acl) -> None:
    if not change.give:
        raise Invalid("the owner of a node cannot be removed")
    if len(change.users) != 1:
        raise Invalid("a node has one owner")
    acl.owner = change.users[0]
