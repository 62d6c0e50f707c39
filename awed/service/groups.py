"""Client groups: their tokens, their ACLs, and which work without a group they get."""

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
"""``ip_cidr`` of all groups. The original limits addresses by it; awed only shows it."""

MOST = 10_000
"""Groups that the user ``public`` may own. The registration of a worker makes one."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")


class Groups:
    """All client groups, in memory.

    *commit* makes a batch durable, *new_token* makes a secret token. *set_group* is called with which work without a
    group the clients of a group get, see :meth:`awed.scheduler.clients.Clients.set_group`. *most*: how many groups a
    user who is no administrator may own, None for no limit. *anybodys*: whether groups of ``public`` are open.
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
        """Load the groups that the store has. *admins*: names of administrators."""
        self._admins = {ADMIN, *admins}
        for record in records:
            self._hold(record)

    def all(self) -> list[GroupRecord]:
        """All groups."""
        return list(self._by_id.values())

    def get(self, group_id: str) -> GroupRecord:
        """The group with this id. Raises :class:`~awed.model.errors.GroupNotFound`."""
        record = self._by_id.get(group_id)
        if record is None:
            raise GroupNotFound(group_id)
        return record

    def has(self, name: str) -> bool:
        """Whether there is a group called *name*."""
        return name in self._by_name

    def acl(self, name: str, at: datetime | None = None) -> GroupAcl:
        """The ACL of the group called *name*; everybody has all rights to "", and only administrators to a group that
        is not there, or was made after *at*, as it is another one than was meant then."""
        record = self._by_name.get(name)
        if record is None or (at is not None and record.group.created_on > at):
            return GroupAcl.of(ADMIN if name else PUBLIC)
        return record.acl

    def is_open(self, record: GroupRecord) -> bool:
        """Whether the group gets all work that names no group."""
        if record.opened is not None:
            return record.opened
        owner = record.acl.owner
        return self._anybodys if owner == PUBLIC else owner in self._admins

    def group_of(self, token: str) -> str | None:
        """The name of the group with this token, None if there is none.

        Looked up by a digest, so that the time does not depend on how much of a token is right.
        """
        return self._by_token.get(_digest(token))

    async def create(self, name: str, owner: User) -> GroupRecord:
        """Make a group that *owner* owns. It is open if that is an administrator.

        Raises :class:`~awed.model.errors.Invalid` for a bad name, :class:`~awed.model.errors.Conflict` if it is
        taken, and :class:`~awed.model.errors.QuotaReached` if the owner has too many groups.
        """
        opened = None if owner.name == PUBLIC else owner.admin
        return await self._create(name, owner.name, None if owner.admin else self._most, opened)

    async def ensure(self, name: str) -> None:
        """Make a group that ``public`` owns, unless there is one called *name*.

        Raises :class:`~awed.model.errors.Invalid` for a bad name, and :class:`~awed.model.errors.QuotaReached`.
        """
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
        """Give the group a new token. The old one is void at once."""
        record = self.get(group_id)
        del self._by_token[_digest(record.group.token)]
        record.group.token = self._new_token()
        self._hold(record)
        await self._changed(record)
        return record

    async def change_acl(self, group_id: str, change: Callable[[Acl], object]) -> GroupAcl:
        """Change the ACL of the group. Returns it."""
        record = self.get(group_id)
        change(record.acl)
        await self._changed(record)
        return record.acl

    async def open(self, group_id: str, opened: bool) -> GroupRecord:
        """Set whether the group gets all work that names no group."""
        record = self.get(group_id)
        record.opened = opened
        await self._changed(record)
        return record

    async def delete(self, group_id: str) -> None:
        """Delete the group. Its token is void."""
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
