"""May this user do this to that? Every resource asks here."""

from collections.abc import Callable, Collection, Mapping

from awed.model.access import PUBLIC, Acl, GroupAcl, User, Verb
from awed.model.errors import Unauthorized

_ADMIN_ONLY: Mapping[tuple[str, str], Callable[[set[str]], bool]] = {
    ("PUT", "queue"): lambda flags: True,
    ("GET", "queue"): lambda flags: bool(flags - {"json", "clientgroup"}),
    ("PUT", "logger"): lambda flags: True,
    ("PUT", "job"): lambda flags: "recoverall" in flags,
}


def admin_only(method: str, path: str, flags: Collection[str]) -> bool:
    """Whether a call is for admins alone. *path* is without outer slashes, *flags* are the names in the query.

    ``GET /queue?clientgroup=`` is also for those who may read that group.
    """
    condition = _ADMIN_ONLY.get((method, path))
    return condition is not None and condition(set(flags))


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


def owned_by(user: User) -> Acl:
    """The rights to a new thing of *user*."""
    name = user.name
    return Acl(name, [name], [name], [name])


def group_owned_by(user: User) -> GroupAcl:
    """The rights to a new client group of *user*."""
    name = user.name
    return GroupAcl(name, [name], [name], [name], [name])
