"""Conversion of the users, rights and client groups of an original server."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from awed.model.access import ADMIN, Acl, ClientGroup, GroupAcl, GroupRecord
from awed.model.times import NO_TIME, utc
from awed.workflow.decoding import decode
from awed.workflow.faults import Faults

Names = Mapping[str, str]
"""Names of users by their ids, by which the original's rights name users."""


class OriginalUser(Struct):
    """A user of the original. *password* is stored there in plain text, and is "" for users of an identity server."""

    uuid: str = ""
    username: str = ""
    password: str = ""
    admin: bool = False


class Rights(Struct, frozen=True):
    """The original's ACL: ids of users. Only client groups have *execute*."""

    owner: str = ""
    read: list[str] = []
    write: list[str] = []
    delete: list[str] = []
    execute: list[str] = []

    def of_job(self, names: Names) -> Acl:
        """The ACL with users by name. The administrator owns what has no owner."""
        read, write, delete = (_names(ids, names) for ids in (self.read, self.write, self.delete))
        return Acl(_name(self.owner, names), read, write, delete)

    def of_group(self, names: Names) -> GroupAcl:
        """The ACL of a client group, as :meth:`of_job` makes it."""
        acl = self.of_job(names)
        return GroupAcl(acl.owner, acl.read, acl.write, acl.delete, execute=_names(self.execute, names))


class _Group(Struct):
    id: str = ""
    ip_cidr: str = ""
    name: str = ""
    token: str = ""
    created_on: datetime = NO_TIME
    expiration: datetime = NO_TIME
    last_modified: datetime = NO_TIME
    acl: Rights = Rights()


def read_user(body: bytes) -> OriginalUser:
    """The user in the document *body* (JSON). Raises :class:`~awed.model.errors.Invalid` with all faults of it."""
    faults = Faults()
    sent = decode(body, OriginalUser, faults)
    if not sent.username:
        faults.at(("username",), "missing")
    faults.refuse_any()
    return sent


def read_group(body: bytes, names: Names) -> GroupRecord:
    """The client group in the document *body*. Raises :class:`~awed.model.errors.Invalid` with all faults of it."""
    faults = Faults()
    sent = decode(body, _Group, faults)
    for field in ("id", "name", "token"):
        if not getattr(sent, field):
            faults.at((field,), "missing")
    faults.refuse_any()
    group = ClientGroup(
        id=sent.id,
        ip_cidr=sent.ip_cidr,
        name=sent.name,
        token=sent.token,
        created_on=utc(sent.created_on),
        expiration=utc(sent.expiration),
        last_modified=utc(sent.last_modified),
    )
    return GroupRecord(group, sent.acl.of_group(names))


def _name(user_id: str, names: Names) -> str:
    return names.get(user_id, user_id) if user_id else ADMIN


def _names(user_ids: Sequence[str], names: Names) -> list[str]:
    return [_name(user_id, names) for user_id in user_ids if user_id]
