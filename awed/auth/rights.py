"""May this user do this to that? Every resource asks here."""

from collections.abc import Callable

from awed.model.access import OWNER, Acl, AclChange, User, Verb
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
    :class:`~awed.model.errors.Unauthorized`.

    An admin gives things away. Their owner offers them, and the new owner takes them by the same request: nobody
    comes to own what they do not know of.
    """

    def make(acl: Acl) -> None:
        is_taken = change == AclChange((OWNER,), (user.name,), add=True) and acl.offered == user.name
        if not (is_taken or change.is_free_to(user, acl)):
            raise Unauthorized("User Unauthorized")
        if change.rights == (OWNER,) and not (is_taken or user.admin or change.users == (acl.owner,)):
            (acl.offered,) = change.users
        else:
            change(acl)

    return make


def reader(user: User) -> str | None:
    """For whom a list is: only what this user may read, None for everything."""
    return None if user.admin else user.name
