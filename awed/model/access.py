"""Users, access control lists (ACLs) and client groups: who may do what to a job, a node or a group."""

from collections.abc import Container
from datetime import datetime
from typing import Literal, Self

from msgspec import UNSET, Struct, UnsetType

from awed.model.errors import Invalid
from awed.model.times import NO_TIME

PUBLIC = "public"
"""Name of the anonymous user; in an ACL it stands for everyone."""

ADMIN = "admin"
"""Name of the user who presents the administrator's token."""

LONGEST_NAME = 200
"""Characters that a user's name may have."""


def is_user_name(text: str) -> bool:
    """Whether *text* can name a user: 1 to LONGEST_NAME printable characters, but not ``public`` nor ``admin``."""
    return text.isprintable() and 0 < len(text) <= LONGEST_NAME and text not in (PUBLIC, ADMIN)


class User(Struct, frozen=True):
    """Who makes a request.

    *group*: name of the client group, if a worker authenticated with the group's token; *name* is then empty.
    *nodes*: ids of nodes, if a worker authenticated with a job's data token; *name* is then that of the job's
    submitter, in whose place it may read and write those nodes. *run*: id of the run, if its runner
    authenticated with the run's token; *name* is then that of its submitter, in whose place it makes steps of it.
    """

    name: str = PUBLIC
    admin: bool = False
    group: str = ""
    nodes: Container[str] | None = None
    run: str = ""


Verb = Literal["read", "write", "delete", "execute"]
"""A right. ``execute`` is for client groups alone: the right to run work as a worker of the group."""


RIGHTS: tuple[Verb, ...] = ("read", "write", "delete")
"""The rights that every ACL lists."""

GROUP_RIGHTS: tuple[Verb, ...] = (*RIGHTS, "execute")
"""The rights that the ACL of a client group lists."""

OWNER = "owner"
"""In an :class:`AclChange`: the ownership itself, in place of a right."""

MOST_NAMES = 1000
"""How many users the list of one right may name. Each list is read and stored whole, with its record."""


class Acl(Struct):
    """Who may do what to one thing: its owner, and the names of the users who may read, write and delete it.

    *offered*: the user to whom the owner has offered the ownership, while the offer is not taken up.
    """

    owner: str = PUBLIC
    read: list[str] = []
    write: list[str] = []
    delete: list[str] = []
    offered: str | UnsetType = UNSET

    @classmethod
    def of(cls, name: str) -> Self:
        """The ACL of a new thing: user *name* owns it and has every right. With ``public``, everybody has."""
        acl = cls(owner=name)
        for right in GROUP_RIGHTS:
            if right in cls.__struct_fields__:
                setattr(acl, right, [name])
        return acl

    def allows(self, user: User, verb: Verb) -> bool:
        """Whether *user* has the right *verb*: as administrator, as owner, or by a list with *user* or ``public``."""
        listed: list[str] = getattr(self, verb, [])
        return user.admin or user.name == self.owner or user.name in listed or PUBLIC in listed

    def is_known_to(self, user: User) -> bool:
        """Whether *user* may know that the thing exists: has any right to it, or is offered its ownership."""
        return self.offered == user.name or any(self.allows(user, right) for right in GROUP_RIGHTS)


class GroupAcl(Acl):
    """The ACL of a client group: also who may run work as its worker."""

    execute: list[str] = []


class AclChange(Struct, frozen=True):
    """A change to an ACL: put *users* on the lists of *rights* (*add*), or take them off.

    *users* has no name twice. If *rights* is ``("owner",)``, the only user in *users* becomes the owner.
    """

    rights: tuple[str, ...]
    users: tuple[str, ...]
    add: bool

    def is_free_to(self, user: User, acl: Acl) -> bool:
        """Whether *user* may make this change to *acl*.

        The owner and administrators may make any change, other users may take themselves off the lists, and a worker
        with a job's data token may make none.
        """
        leaves = not self.add and self.users == (user.name,) and user.name != PUBLIC
        return user.nodes is None and (user.admin or user.name == acl.owner or leaves)

    def __call__(self, acl: Acl) -> None:
        """Change *acl* in place.

        Raises :class:`~awed.model.errors.Invalid`, and changes nothing, if a list would have over MOST_NAMES names.
        """
        if self.rights == (OWNER,):
            (acl.owner,), acl.offered = self.users, UNSET
            return
        named = set(self.users)
        changed = {}
        for right in self.rights:
            others = [name for name in getattr(acl, right) if name not in named]
            changed[right] = [*others, *self.users] if self.add else others
            if self.add and len(changed[right]) > MOST_NAMES:
                raise Invalid(
                    f"at most {MOST_NAMES} users have a right by name: {right} would have {len(changed[right])}"
                )
        for right, names in changed.items():
            setattr(acl, right, names)


class Account(Struct):
    """A local user. *token_hash*: SHA-256 of the user's token, hex. *password_hash*: argon2 hash of the password."""

    name: str
    admin: bool = False
    token_hash: str = ""
    password_hash: str = ""
    created: datetime = NO_TIME


class Session(Struct):
    """A login of a user in a browser. *id*: the SHA-256 (hex) of its secret, which is not kept.

    *admin*: whether the user was an administrator at the login. *stamp*: a digest of the account's secrets at the
    login; the session is valid until they change, and at most until *expires*.
    """

    id: str
    name: str
    admin: bool = False
    stamp: str = ""
    expires: datetime = NO_TIME


class ClientGroup(Struct):
    """A client group (a named group of workers), with the fields that the original AWE shows."""

    id: str
    ip_cidr: str = ""
    name: str = ""
    token: str = ""
    created_on: datetime = NO_TIME
    expiration: datetime = NO_TIME
    last_modified: datetime = NO_TIME


class ShownGroup(ClientGroup):
    """A client group as the API shows it. *open*: whether its workers also get work that names no group."""

    open: bool = False


class GroupRecord(Struct):
    """A client group as it is stored, with its ACL.

    *opened*: whether its workers also get work that names no group, as its creator has decided, or an administrator
    later; None if neither has, and in old records.
    """

    group: ClientGroup
    acl: GroupAcl
    opened: bool | None = None
