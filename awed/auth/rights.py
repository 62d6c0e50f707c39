"""May this user do this to that? Every resource asks here."""

from collections.abc import Callable

from awed.model.access import Acl, AclChange, User, Verb
from awed.model.errors import Unauthorized


def require(user: User, verb: Verb, acl: Acl) -> None:
    """Raise :class:`~awed.model.errors.Unauthorized` unless *user* has this right."""
    if not acl.allows(user, verb):
        raise Unauthorized("User Unauthorized")


def require_admin(user: User) -> None:
    """Raise :class:`~awed.model.errors.Unauthorized` unless *user* is an admin."""
    if not user.admin:
        raise Unauthorized("No Authorization")


def changed_by(user: User, change: AclChange) -> Callable[[Acl], None]:
    """*change* as *user* makes it: to an ACL that they may not change so it raises
    :class:`~awed.model.errors.Unauthorized`."""

    def make(acl: Acl) -> None:
        if not change.is_free_to(user, acl):
            raise Unauthorized("User Unauthorized")
        change(acl)

    return make


def reader(user: User) -> str | None:
    """For whom a list is: only what this user may read, None for everything."""
    return None if user.admin else user.name
