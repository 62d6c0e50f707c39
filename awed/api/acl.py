"""``.../acl/<type>``: changes of rights, the same for jobs, client groups and nodes."""

from collections.abc import Sequence

from msgspec import Struct

from awed.api.body import AwedRequest
from awed.api.params import params_of
from awed.auth.rights import require_acl_change
from awed.model.access import PUBLIC, Acl, User
from awed.model.errors import Invalid

OWNER = "owner"
ALL = "all"
JOB_RIGHTS = ("read", "write", "delete")
GROUP_RIGHTS = (*JOB_RIGHTS, "execute")

_PUBLIC = "public_"


class AclChange(Struct, frozen=True):
    """Puts *users* on the lists of these *rights*, or takes them off. With the right ``owner`` the one user becomes
    the owner."""

    rights: Sequence[str]
    users: Sequence[str]
    add: bool

    def __call__(self, acl: Acl) -> None:
        """Change *acl*."""
        if self.rights == (OWNER,):
            (acl.owner,) = self.users
            return
        for right in self.rights:
            others = [name for name in getattr(acl, right) if name not in self.users]
            setattr(acl, right, [*others, *self.users] if self.add else others)

    def require(self, user: User, acl: Acl) -> None:
        """Raises :class:`~awed.model.errors.Unauthorized` unless *user* may make this change to *acl*: its owner and
        admins may, and others may take themselves off."""
        require_acl_change(user, acl, removed=() if self.add else self.users)


async def acl_change(request: AwedRequest, kind: str, rights: Sequence[str] = JOB_RIGHTS) -> AclChange:
    """The change that a PUT (or POST) or DELETE of ``acl/<kind>`` asks for; *rights*: those that there are.

    Users stand in the query or in a form, as ``users=a,b``. Raises :class:`~awed.model.errors.Invalid`.
    """
    add = request.method != b"DELETE"
    public = kind.startswith(_PUBLIC)
    name = kind.removeprefix(_PUBLIC)
    if name not in (ALL, *rights) and kind != OWNER:
        raise Invalid(f"not a type of acl: {kind}")
    users = [PUBLIC] if public else await _users(request)
    if kind == OWNER and (not add or len(users) != 1):
        raise Invalid("a thing has one owner: set another one by PUT, with one user")
    if not users:
        raise Invalid("This request type requires the users parameter: users=a,b")
    return AclChange(tuple(rights) if name == ALL else (name,), tuple(dict.fromkeys(users)), add)


async def _users(request: AwedRequest) -> list[str]:
    named = params_of(request).texts("users")
    in_form = (await request.form()).text("users") or ""
    return named + [name for name in in_form.split(",") if name]
