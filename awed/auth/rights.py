"""May this user do this to that? Every resource asks here."""

from collections.abc import Collection

from awed.model.access import PUBLIC, Acl, User, Verb
from awed.model.errors import Unauthorized


def may(user: User, verb: Verb, acl: Acl) -> bool:
    """Whether *user* has this right."""
    return acl.allows(user, verb)


def require(user: User, verb: Verb, acl: Acl) -> None:
    """Raise :class:`~awed.model.errors.Unauthorized` unless *user* has this right."""
    if not may(user, verb, acl):
        raise Unauthorized("User Unauthorized")


def require_admin(user: User) -> None:
    """Raise :class:`~awed.model.errors.Unauthorized` unless *user* is an admin."""
    if not user.admin:
        raise Unauthorized("No Authorization")


def require_acl_change(user: User, acl: Acl, removed: Collection[str] = ()) -> None:
    """Raise :class:`~awed.model.errors.Unauthorized` unless *user* may change *acl*: its owner and admins may.

    *removed*: who is taken off a list, if that is the change; anybody may take off themselves.
    """
    leaves = user.name != PUBLIC and set(removed) == {user.name}
    if not (user.admin or user.name == acl.owner or leaves):
        raise Unauthorized("User Unauthorized")


def reader(user: User) -> str | None:
    """For whom a list is: only what this user may read, None for everything."""
    return None if user.admin else user.name
