"""``.../acl/<type>``: changes of ACLs, for jobs, client groups and nodes alike."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Struct

from awed.model.access import OWNER, PUBLIC, RIGHTS, AclChange
from awed.model.errors import Invalid
from awed.web.body import AwedRequest
from awed.web.form import Part
from awed.web.kinds import split

ALL = "all"

_PUBLIC = "public_"


class AclUsers(Struct, frozen=True):
    """The users that a change of an ACL is about."""

    users: Annotated[list[str], "Names of users, joined by commas. The types public_... need none."] = []
    users_: Annotated[Part | None, "The same, in the form."] = None

    @property
    def names(self) -> list[str]:
        """The names in the query, then those in the form."""
        return self.users + split([self.users_.text()] if self.users_ else [])


def acl_change(request: AwedRequest, kind: str, users: AclUsers, rights: Sequence[str] = RIGHTS) -> AclChange:
    """The change that a PUT, POST or DELETE of ``acl/<kind>`` asks for. *rights*: those that the ACL has.

    Raises :class:`~awed.model.errors.Invalid` for an unknown *kind*, missing users, or other than one new owner.
    """
    check_kind(kind, rights)
    add = request.method != b"DELETE"
    name = kind.removeprefix(_PUBLIC)
    names = [PUBLIC] if kind.startswith(_PUBLIC) else users.names
    if kind == OWNER and (not add or len(names) != 1):
        raise Invalid("a thing has one owner: set another one by PUT, with one user")
    if not names:
        raise Invalid("This request type requires the users parameter: users=a,b")
    return AclChange(tuple(rights) if name == ALL else (name,), tuple(dict.fromkeys(names)), add)


def check_kind(kind: str, rights: Sequence[str] = RIGHTS) -> None:
    """Raises :class:`~awed.model.errors.Invalid` unless *kind* is ``owner``, ``all``, a right, or ``public_...``."""
    if kind != OWNER and kind.removeprefix(_PUBLIC) not in (ALL, *rights):
        raise Invalid(f"Invalid acl type: {kind}")
