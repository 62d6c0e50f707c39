"""``/cgroup``: client groups, their tokens and rights."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from awed.api.acl import ALL, acl_change
from awed.api.context import Context
from awed.auth.rights import changed_by, require
from awed.model.access import GROUP_RIGHTS, ClientGroup, GroupRecord, User, Verb
from awed.model.errors import Unauthorized
from awed.web.body import AwedRequest
from awed.web.envelope import answer, answer_page
from awed.web.errors import new_app
from awed.web.params import params_of

_ORDERS: Mapping[str, Callable[[ClientGroup], Any]] = {
    "last_modified": lambda group: group.last_modified,
    "created_on": lambda group: group.created_on,
    "expiration": lambda group: group.expiration,
    "name": lambda group: group.name,
    "id": lambda group: group.id,
}


class GroupResource:
    """The client groups that the caller may see or change."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._groups = context.groups

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        """A page of client groups."""
        user = await self._context.user(request, "read")
        params = params_of(request)
        found = [record for record in self._groups.all() if record.acl.allows(user, "read")]
        order = _ORDERS[params.choice("order", tuple(_ORDERS), "last_modified")]
        found.sort(key=lambda record: order(record.group), reverse=params.descending())
        limit, offset = params.count("limit", 25), params.count("offset", 0)
        page = found[offset : offset + limit] if limit else found[offset:]
        return answer_page(request, [_shown(record, user) for record in page], limit, offset, len(found))

    @app.route("/<name>", methods=["POST"])
    async def create(self, request: AwedRequest, name: str) -> bytes:
        """Make a client group of this name."""
        user = await self._context.user(request, "write")
        return answer(request, _shown(await self._groups.create(name, user), user))

    @app.route("/<group_id>", methods=["GET"])
    async def show(self, request: AwedRequest, group_id: str) -> bytes:
        """A client group."""
        user, record = await self._allowed(request, group_id, "read")
        return answer(request, _shown(record, user))

    @app.route("/<group_id>", methods=["DELETE"])
    async def delete(self, request: AwedRequest, group_id: str) -> bytes:
        """Remove a client group; its token is void."""
        await self._allowed(request, group_id, "delete")
        await self._groups.delete(group_id)
        return answer(request, f"clientgroup deleted: {group_id}")

    @app.route("/<group_id>/token", methods=["PUT"])
    async def renew_token(self, request: AwedRequest, group_id: str) -> bytes:
        """Give a client group a new token; the old one is void."""
        user, record = await self._allowed(request, group_id, "write")
        if not _owns(user, record):
            raise Unauthorized("User Unauthorized")
        return answer(request, _shown(await self._groups.renew_token(group_id), user))

    @app.route("/<group_id>/acl", methods=["GET"])
    @app.route("/<group_id>/acl/<kind>", methods=["GET"])
    async def show_acl(self, request: AwedRequest, group_id: str, kind: str = ALL) -> bytes:
        """Who may do what with a client group."""
        _, record = await self._allowed(request, group_id, "read")
        return answer(request, record.acl)

    @app.route("/<group_id>/acl/<kind>", methods=["PUT", "POST", "DELETE"])
    async def change_acl(self, request: AwedRequest, group_id: str, kind: str) -> bytes:
        """Give or take rights to a client group."""
        user = await self._context.user(request, "write")
        change = changed_by(user, await acl_change(request, kind, GROUP_RIGHTS))
        return answer(request, await self._groups.change_acl(group_id, change))

    async def _allowed(self, request: AwedRequest, group_id: str, verb: Verb) -> tuple[User, GroupRecord]:
        """Who makes *request* and the group, if they have this right to it."""
        user = await self._context.user(request, verb)
        record = self._groups.get(group_id)
        require(user, verb, record.acl)
        return user, record


def _owns(user: User, record: GroupRecord) -> bool:
    return user.admin or user.name == record.acl.owner


def _shown(record: GroupRecord, user: User) -> ClientGroup:
    """The group as *user* may see it: its token is for its owner and for admins."""
    return record.group if _owns(user, record) else replace(record.group, token="")
