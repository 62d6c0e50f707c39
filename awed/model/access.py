"""Who there is, and who may do what to a thing."""

from collections.abc import Container
from datetime import datetime
from typing import Literal, Self

from msgspec import UNSET, Struct, UnsetType

from awed.model.errors import Invalid
from awed.model.times import NO_TIME

PUBLIC = "public"
"""The user that everyone is who does not say otherwise; in an ACL: everyone."""

ADMIN = "admin"
"""The user that comes with the administrator's token."""

LONGEST_NAME = 200


def is_user_name(text: str) -> bool:
    """Whether a user can be called *text*: it can be read, and is none of the names that the server itself gives."""
    return text.isprintable() and 0 < len(text) <= LONGEST_NAME and text not in (PUBLIC, ADMIN)


class User(Struct, frozen=True):
    """Who asks.

    *group* is set for a worker that came with a client group's token: the group's name. Such a worker is nobody else,
    its *name* is empty. *nodes* is set for one that came with a job's token: ids of the nodes that it may read and
    write as if it were the job's owner, whose *name* it has.
    """

    name: str = PUBLIC
    admin: bool = False
    group: str = ""
    nodes: Container[str] | None = None


Verb = Literal["read", "write", "delete", "execute"]
"""What may be done to a thing. Only client groups can be executed: run work under that name."""


RIGHTS: tuple[Verb, ...] = ("read", "write", "delete")
GROUP_RIGHTS: tuple[Verb, ...] = (*RIGHTS, "execute")
OWNER = "owner"


MOST_NAMES = 1000
"""How many users may have a right by name: a list is read and stored as a whole."""


class Acl(Struct):
    """Rights to one thing: its owner, and who may read, write, delete (groups also: execute).

    *offered*: the user whom the owner wants to have the thing, until that one takes it.
    """

    owner: str = PUBLIC
    read: list[str] = []
    write: list[str] = []
    delete: list[str] = []
    offered: str | UnsetType = UNSET

    @classmethod
    def of(cls, name: str) -> Self:
        """All rights to a new thing for this user alone; to one of ``public``, for everybody."""
        acl = cls(owner=name)
        for right in GROUP_RIGHTS:
            if right in cls.__struct_fields__:
                setattr(acl, right, [name])
        return acl

    def allows(self, user: User, verb: Verb) -> bool:
        """Whether *user* has this right: admins and the owner have all, others those that they or ``public`` have."""
        listed: list[str] = getattr(self, verb, [])
        return user.admin or user.name == self.owner or user.name in listed or PUBLIC in listed


class GroupAcl(Acl):
    execute: list[str] = []


class AclChange(Struct, frozen=True):
    """Puts *users*, each of whom is named once, on the lists of these *rights*, or takes them off. With the right
    ``owner`` the one user becomes the owner."""

    rights: tuple[str, ...]
    users: tuple[str, ...]
    add: bool

    def is_free_to(self, user: User, acl: Acl) -> bool:
        """Whether *user* may make this change to *acl*: its owner and admins may, and others take themselves off."""
        leaves = not self.add and self.users == (user.name,) and user.name != PUBLIC
        return user.nodes is None and (user.admin or user.name == acl.owner or leaves)

    def __call__(self, acl: Acl) -> None:
        """Change *acl*. Raises :class:`~awed.model.errors.Invalid`, and changes nothing, if it would be too long."""
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
    """A local user. Of the token only its SHA-256 is kept (hex), of the password its argon2 hash."""

    name: str
    admin: bool = False
    token_hash: str = ""
    password_hash: str = ""
    created: datetime = NO_TIME


class ClientGroup(Struct):
    """A group of workers, as the original shows it."""

    id: str
    ip_cidr: str = ""
    name: str = ""
    token: str = ""
    created_on: datetime = NO_TIME
    expiration: datetime = NO_TIME
    last_modified: datetime = NO_TIME


class GroupRecord(Struct):
    """A client group as it is stored, with its rights."""

    group: ClientGroup
    acl: GroupAcl
