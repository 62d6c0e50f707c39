"""Checks of rights by ACLs."""

from collections.abc import Callable

from awed.model.access import OWNER, Acl, AclChange, User, Verb
from awed.model.errors import AwedError, Unauthorized


def require(user: User, verb: Verb, acl: Acl, absent: AwedError | None = None) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized` unless *user* has the right *verb*.

    To a user who may not even know that the thing exists, *absent* is raised instead: the error for a thing that does
    not exist.
    """
    if not acl.allows(user, verb):
        raise refusal(user, acl, absent)


def refusal(user: User, acl: Acl, absent: AwedError | None) -> AwedError:
    """The error that :func:`require` raises for *user* and a thing with this *acl*."""
    return Unauthorized("User Unauthorized") if absent is None or acl.is_known_to(user) else absent


def require_admin(user: User) -> None:
    """Raises :class:`~awed.model.errors.Unauthorized` unless *user* is an administrator."""
    if not user.admin:
        raise Unauthorized("No Authorization")


def changed_by(user: User, change: AclChange, absent: AwedError) -> Callable[[Acl], None]:
    """The function that makes *change* to an ACL on behalf of *user*.

    It raises what :func:`require` raises if *user* may not make the change.

    A change of the owner by an administrator takes effect. One by the owner is an offer, which the new owner takes up
    by the same request, so that nobody owns things without knowing.
    """

    def make(acl: Acl) -> None:
        is_taken = change == AclChange((OWNER,), (user.name,), add=True) and acl.offered == user.name
        if not (is_taken or (change.is_free_to(user, acl) and acl.is_known_to(user))):
            raise refusal(user, acl, absent)
        if change.rights == (OWNER,) and not (is_taken or user.admin or change.users == (acl.owner,)):
            (acl.offered,) = change.users
        else:
            change(acl)

    return make


def reader(user: User) -> str | None:
    """The name of the user whose readable things a list is to have, None (all things) for an administrator."""
    return None if user.admin else user.name
