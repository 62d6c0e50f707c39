"""Client groups: who may run workers under a name, and by which token those say so."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from awed.model.access import ADMIN, PUBLIC, Acl, ClientGroup, GroupAcl, GroupRecord, User
from awed.model.errors import Conflict, GroupNotFound, Invalid, QuotaReached, StoreAway
from awed.model.ids import new_id
from awed.model.records import Batch, Commit
from awed.scheduler.requirements import ANYBODYS, whose

ANY_ADDRESS = "0.0.0.0/0"

MOST = 10_000
"""Groups that are everybody's. A worker's registration makes one, and many may register."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")


class Groups:
    """All client groups. They are few, and held in memory.

    *commit* makes a batch durable, *new_token* makes a secret that nobody can guess. *set_group* is told what the
    clients of a group run, see :meth:`awed.scheduler.clients.Clients.set_group`. *most*: how many a user may
    have, who is no administrator; None for no limit. *anybodys*: whether groups that are public's are open.
    """

    def __init__(
        self,
        commit: Commit,
        now: Callable[[], datetime],
        new_token: Callable[[], str],
        set_group: Callable[[str, frozenset[str] | None], object],
        *,
        most: int | None = None,
        anybodys: bool = True,
    ) -> None:
        self._commit = commit
        self._set_group = set_group
        self._most = most
        self._anybodys = anybodys
        self._admins: Collection[str] = (ADMIN,)
        self._now = now
        self._new_token = new_token
        self._by_id: dict[str, GroupRecord] = {}
        self._by_name: dict[str, GroupRecord] = {}
        self._by_token: dict[bytes, str] = {}

    def restore(self, records: Iterable[GroupRecord], admins: Collection[str]) -> None:
        """Take in what the store holds. *admins*: names of the administrators."""
        self._admins = {ADMIN, *admins}
        for record in records:
            self._hold(record)

    def all(self) -> list[GroupRecord]:
        return list(self._by_id.values())

    def get(self, group_id: str) -> GroupRecord:
        """Raises :class:`~awed.model.errors.GroupNotFound`."""
        record = self._by_id.get(group_id)
        if record is None:
            raise GroupNotFound(group_id)
        return record

    def has(self, name: str) -> bool:
        """Whether there is a group of that name."""
        return name in self._by_name

    def acl(self, name: str) -> GroupAcl:
        """The rights to the group of that name, everybody's if there is none."""
        record = self._by_name.get(name)
        return GroupAcl.of(PUBLIC) if record is None else record.acl

    def is_open(self, record: GroupRecord) -> bool:
        """Whether the group gets the work that names no group."""
        if record.opened is not None:
            return record.opened
        owner = record.acl.owner
        return self._anybodys if owner == PUBLIC else owner in self._admins

    def group_of(self, token: str) -> str | None:
        """The name of the group whose token this is. Looked up by a digest, so that the time taken tells nothing."""
        return self._by_token.get(_digest(token))

    async def create(self, name: str, owner: User) -> GroupRecord:
        """A new group of *owner*, open if that is an administrator. Raises :class:`~awed.model.errors.Invalid` or
        :class:`~awed.model.errors.Conflict` for its name, :class:`~awed.model.errors.QuotaReached` for one too
        many."""
        opened = None if owner.name == PUBLIC else owner.admin
        return await self._create(name, owner.name, None if owner.admin else self._most, opened)

    async def ensure(self, name: str) -> None:
        """Make a group that is everybody's, unless there is one of that name. Raises likewise."""
        if name and not self.has(name):
            await self._create(name, PUBLIC, MOST, opened=None)

    async def _create(self, name: str, owner: str, most: int | None, opened: bool | None) -> GroupRecord:
        if not _NAME.match(name):
            raise Invalid(f"invalid clientgroup name: {name}: letters, digits and _.- are allowed")
        if self.has(name):
            raise Conflict(f"clientgroup {name} exists already")
        if most is not None and sum(record.acl.owner == owner for record in self._by_id.values()) >= most:
            raise QuotaReached(
                f"a user may have {most} clientgroups at this server, and {owner} has as many: delete one that"
                " nobody needs"
            )
        now = self._now()
        group = ClientGroup(
            id=new_id(),
            ip_cidr=ANY_ADDRESS,
            name=name,
            token=self._new_token(),
            created_on=now,
            last_modified=now,
        )
        record = GroupRecord(group, GroupAcl.of(owner), opened)
        self._hold(record)
        try:
            await self._commit(Batch(groups=[record]), Batch(gone_groups=[group.id]))
        except StoreAway:
            self._drop(record)
            raise
        return record

    async def renew_token(self, group_id: str) -> GroupRecord:
        """Give the group a new token; the old one is void at once."""
        record = self.get(group_id)
        del self._by_token[_digest(record.group.token)]
        record.group.token = self._new_token()
        self._hold(record)
        await self._changed(record)
        return record

    async def change_acl(self, group_id: str, change: Callable[[Acl], object]) -> GroupAcl:
        """The rights to the group, after *change*."""
        record = self.get(group_id)
        change(record.acl)
        await self._changed(record)
        return record.acl

    async def open(self, group_id: str, opened: bool) -> GroupRecord:
        """Let the group have the work that names no group, or not."""
        record = self.get(group_id)
        record.opened = opened
        await self._changed(record)
        return record

    async def delete(self, group_id: str) -> None:
        """Forget the group. Its workers stay, its token is void."""
        record = self.get(group_id)
        self._drop(record)
        await self._commit(Batch(gone_groups=[group_id]))

    async def _changed(self, record: GroupRecord) -> None:
        self._tell(record)
        record.group.last_modified = self._now()
        await self._commit(Batch(groups=[record]))

    def _hold(self, record: GroupRecord) -> None:
        self._by_id[record.group.id] = self._by_name[record.group.name] = record
        self._by_token[_digest(record.group.token)] = record.group.name
        self._tell(record)

    def _tell(self, record: GroupRecord) -> None:
        users = {record.acl.owner, *record.acl.execute}
        self._set_group(record.group.name, ANYBODYS if self.is_open(record) else whose(users))

    def _drop(self, record: GroupRecord) -> None:
        group = record.group
        del self._by_id[group.id], self._by_name[group.name], self._by_token[_digest(group.token)]
        self._set_group(group.name, None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
