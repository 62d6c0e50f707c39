"""``/cgroup``: client groups, their tokens and rights."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from msgspec.structs import asdict

from awed.api.acl import ALL, AclUsers, acl_change
from awed.api.context import Context, Resource
from awed.api.paging import Paging
from awed.api.rights import ADMIN, OWN_GROUP, a_group, may, to
from awed.auth.rights import changed_by
from awed.model.access import GROUP_RIGHTS, ClientGroup, GroupAcl, GroupRecord, ShownGroup, User
from awed.model.errors import GroupNotFound
from awed.web.calls import Call, Calls
from awed.web.kinds import word
from awed.wire.envelope import Page

_ORDERS: Mapping[str, Callable[[ClientGroup], Any]] = {
    "last_modified": lambda group: group.last_modified,
    "created_on": lambda group: group.created_on,
    "expiration": lambda group: group.expiration,
    "name": lambda group: group.name,
    "id": lambda group: group.id,
}


class GroupResource(Resource):
    """The client groups that the caller may see or change."""

    calls = Calls[Context]()

    @calls("GET /", may("read"))
    async def index(
        self,
        call: Call[None],
        *,
        paging: Paging,
        order: Annotated[str, word(_ORDERS), "By which field."] = "last_modified",
    ) -> Page[list[ShownGroup]]:
        """A page of client groups."""
        found = [record for record in self.context.groups.all() if record.acl.allows(call.user, "read")]
        found.sort(key=lambda record: _ORDERS[order](record.group), reverse=paging.descending)
        return paging.page([self._shown(record, call.user) for record in paging.cut(found)], len(found))

    @calls("POST /<name>", may("write"))
    async def create(self, call: Call[None], name: str) -> ShownGroup:
        """Make a client group of this name."""
        return self._shown(await self.context.groups.create(name, call.user), call.user)

    @calls("GET /<group_id>", to("read", a_group))
    async def show(self, call: Call[GroupRecord]) -> ShownGroup:
        """A client group."""
        return self._shown(call.thing, call.user)

    @calls("DELETE /<group_id>", to("delete", a_group))
    async def delete(self, call: Call[GroupRecord], group_id: str) -> str:
        """Remove a client group. Its token becomes void, and its workers are signed off."""
        await self.context.groups.delete(group_id)
        await self.engine.clients.remove_all(call.thing.group.name)
        return f"clientgroup deleted: {group_id}"

    @calls("PUT /<group_id>/token", OWN_GROUP)
    async def renew_token(self, call: Call[GroupRecord], group_id: str) -> ShownGroup:
        """Give a client group a new token. The old one becomes void."""
        return self._shown(await self.context.groups.renew_token(group_id), call.user)

    @calls("PUT /<group_id>?open", ADMIN)
    async def open(self, call: Call[None], group_id: str) -> ShownGroup:
        """Let the workers of a group have the work that names no group; for administrators."""
        return self._shown(await self.context.groups.open(group_id, opened=True), call.user)

    @calls("PUT /<group_id>?close", ADMIN)
    async def close(self, call: Call[None], group_id: str) -> ShownGroup:
        """Of the work that names no group, let them have only that of the group's users; for administrators."""
        return self._shown(await self.context.groups.open(group_id, opened=False), call.user)

    @calls("GET /<group_id>/acl", to("read", a_group))
    @calls("GET /<group_id>/acl/<kind>", to("read", a_group))
    async def show_acl(self, call: Call[GroupRecord], kind: str = ALL) -> GroupAcl:
        """The ACL of a client group."""
        return call.thing.acl

    @calls("PUT|POST|DELETE /<group_id>/acl/<kind>", may("write"))
    async def change_acl(self, call: Call[None], group_id: str, kind: str, *, users: AclUsers) -> GroupAcl:
        """Give or take rights to a client group."""
        asked = acl_change(call.request, kind, users, GROUP_RIGHTS)
        change = changed_by(call.user, asked, GroupNotFound(group_id))
        return await self.context.groups.change_acl(group_id, change)

    def _shown(self, record: GroupRecord, user: User) -> ShownGroup:
        """The group as *user* may see it: only its owner and administrators see the token."""
        shown = ShownGroup(**asdict(record.group), open=self.context.groups.is_open(record))
        if not (user.admin or user.name == record.acl.owner):
            shown.token = ""
        return shown
