"""Rights to nodes, checked in one place."""

from typing import Literal

from awed.model.access import PUBLIC, Acl, User
from awed.model.errors import Unauthorized

Right = Literal["read", "write", "delete"]


def owned_by(user: User) -> Acl:
    """The rights to a new node of *user*. What nobody in particular made belongs to all."""
    return Acl(user.name, [user.name], [user.name], [user.name])


def may(user: User, right: Right, acl: Acl) -> bool:
    """Whether *user* has the right."""
    holders: list[str] = getattr(acl, right)
    return user.admin or user.name == acl.owner or user.name in holders or PUBLIC in holders


def check(user: User, right: Right, acl: Acl) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized`, in Shock's words, if *user* does not have the right."""
    if not may(user, right, acl):
        raise Unauthorized("No Authorization" if user.name == PUBLIC else "User Unauthorized")
