"""Who there is, and who may do what to a thing."""

from datetime import datetime

from msgspec import Struct

from awed.model.times import NO_TIME

PUBLIC = "public"
"""The user that everyone is who does not say otherwise; in an ACL: everyone."""


class User(Struct, frozen=True):
    """Who asks. *group* is set for a worker that came with a client group's token: the group's name."""

    name: str = PUBLIC
    admin: bool = False
    group: str = ""


class Acl(Struct):
    """Rights to one thing: its owner, and who may read, write, delete (groups also: execute)."""

    owner: str = PUBLIC
    read: list[str] = []
    write: list[str] = []
    delete: list[str] = []


class GroupAcl(Acl):
    execute: list[str] = []


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
