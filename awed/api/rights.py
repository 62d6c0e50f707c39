"""What a user may do to a thing."""

from typing import Literal

from awed.model.access import PUBLIC, Acl, User
from awed.model.errors import Unauthorized

Verb = Literal["read", "write", "delete", "execute"]


def may(user: User, verb: Verb, acl: Acl) -> bool:
    """Whether *user* has this right: admins and the owner have all, others those of the list, as does everyone
    where ``public`` stands in it."""
    listed: list[str] = getattr(acl, verb, [])
    return user.admin or user.name == acl.owner or user.name in listed or PUBLIC in listed


def require(user: User, verb: Verb, acl: Acl) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized` unless *user* has this right."""
    if not may(user, verb, acl):
        raise Unauthorized("User Unauthorized")


def require_admin(user: User) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized` unless *user* is an admin."""
    if not user.admin:
        raise Unauthorized("No Authorization")
