"""Users, rights and client groups of an original server."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from awed.model.access import ADMIN, Acl, ClientGroup, GroupAcl, GroupRecord
from awed.model.times import NO_TIME, utc
from awed.workflow.decoding import decode
from awed.workflow.faults import Faults

Names = Mapping[str, str]
"""The names of users by the ids with which the original writes down rights."""


class OriginalUser(Struct):
    """A user. *password* is as the user types it, and empty for those who come through an identity server."""

    uuid: str = ""
    username: str = ""
    password: str = ""
    admin: bool = False


class Rights(Struct, frozen=True):
    """Who may do what to a thing; *execute* to a client group alone."""

    owner: str = ""
    read: list[str] = []
    write: list[str] = []
    delete: list[str] = []
    execute: list[str] = []

    def of_job(self, names: Names) -> Acl:
        """With users by name. What nobody owns is the administrator's."""
        read, write, delete = (_names(ids, names) for ids in (self.read, self.write, self.delete))
        return Acl(_name(self.owner, names), read, write, delete)

    def of_group(self, names: Names) -> GroupAcl:
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
    """Raises :class:`~awed.model.errors.Invalid` with all that is wrong with the document."""
    faults = Faults()
    sent = decode(body, OriginalUser, faults)
    if not sent.username:
        faults.at(("username",), "missing")
    faults.refuse_any()
    return sent


def read_group(body: bytes, names: Names) -> GroupRecord:
    """Raises :class:`~awed.model.errors.Invalid` likewise."""
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
