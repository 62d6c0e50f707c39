"""``/node``: the embedded node store, as Shock's clients use it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from twisted.web.iweb import IRequest

from awed.api.acl import acl_change, check_kind
from awed.api.node_form import archive_of, file_of, read_change
from awed.api.node_query import distinct_path, etag_of, selected, shown_acl, wanted
from awed.api.preauth import PreauthResource
from awed.model.access import User
from awed.model.errors import Invalid, UnknownCredentials
from awed.nodes.indexing import SubsetIndex
from awed.nodes.packing import PACKINGS, packed
from awed.nodes.store import NodeStore
from awed.tx.threads import InThread
from awed.web.body import AwedRequest
from awed.web.download import send_file, send_source
from awed.web.envelope import answer, answer_page
from awed.web.errors import new_app
from awed.web.params import Params, params_of

Right = Literal["read", "write", "delete"]
UserOf = Callable[[IRequest, Right], Awaitable[User]]
"""Finds out who makes a request; raises :class:`~awed.model.errors.Unauthorized`."""

_UNSUPPORTED = ("download_post", "filter")


class NodeResource:
    """The nodes that the caller may see or change."""

    app = new_app()

    def __init__(
        self,
        nodes: NodeStore,
        user: UserOf,
        in_thread: InThread,
        now: Callable[[], datetime],
        preauth: PreauthResource,
    ) -> None:
        self._nodes = nodes
        self._user = user
        self._preauth = preauth
        self._in_thread = in_thread
        self._now = now

    @app.route("/", methods=["POST"])
    async def create(self, request: AwedRequest) -> bytes:
        """A new node, or one for each file of an archive."""
        user = await self._who(request, "write")
        form = await request.form()
        change = await read_change(form, self._now())
        archive = archive_of(form)
        if archive is not None:
            return answer(request, await self._nodes.create_from(*archive, user, change))
        return answer(request, await self._nodes.create(user, change))

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        """A page of nodes, or the values that they have."""
        user = await self._who(request, "read")
        params = params_of(request)
        if "distinct" in params:
            return answer(request, await self._nodes.distinct(distinct_path(params), user))
        query = wanted(params)
        nodes, total = await self._nodes.find(query, user)
        return answer_page(request, nodes, query.limit, query.offset, total)

    @app.route("/<node_id>", methods=["PUT"])
    async def update(self, request: AwedRequest, node_id: str) -> bytes:
        """A changed node."""
        user = await self._who(request, "write")
        form = await request.form()
        if not form.is_form:
            raise Invalid("a node is changed by a multipart/form-data form")
        change = await read_change(form, self._now())
        change.attempt = params_of(request).count("attempt", 0)
        return answer(request, await self._nodes.update(node_id, user, change))

    @app.route("/<node_id>", methods=["GET"])
    async def show(self, request: AwedRequest, node_id: str) -> bytes:
        """A node's document, or its file or a part of it."""
        user = await self._who(request, "read")
        params = params_of(request)
        for name in _UNSUPPORTED:
            if name in params:
                raise Invalid(f"{name} is not supported by this node store")
        if "download" in params or "download_raw" in params:
            return await self._download(request, params, node_id, user)
        if "download_url" in params:
            return await self._preauth.offer(request, node_id, user, params)
        return answer(request, await self._nodes.get(node_id, user))

    @app.route("/<node_id>", methods=["DELETE"])
    async def delete(self, request: AwedRequest, node_id: str) -> bytes:
        """Remove a node."""
        await self._nodes.delete(node_id, await self._who(request, "delete"))
        return answer(request, None)

    @app.route("/<node_id>/index/<name>", methods=["GET"])
    async def show_index(self, request: AwedRequest, node_id: str, name: str) -> bytes:
        """What is known of an index."""
        node = await self._nodes.get(node_id, await self._who(request, "read"))
        if name not in node.indexes:
            raise Invalid(f"Invalid index type: {name}")
        return answer(request, {name: node.indexes[name]})

    @app.route("/<node_id>/index/<name>", methods=["PUT"])
    async def make_index(self, request: AwedRequest, node_id: str, name: str) -> bytes:
        """Make an index, or keep one that comes with the request."""
        params = params_of(request)
        form = await request.form()
        if "upload" in params:
            user = await self._who(request, "write")
            await self._nodes.put_index(node_id, name, user, file_of(form, "upload"))
        elif name == "subset":
            user = await self._who(request, "write")
            source = SubsetIndex(form.text("parent_index") or "", file_of(form, "subset_indices"))
            await self._nodes.put_index(node_id, form.text("index_name") or "", user, source)
        else:
            user = await self._who(request, "read")  # it adds nothing that is not in the file
            full_name = f"column{params.text('number')}" if name == "column" else name
            await self._nodes.make_index(node_id, full_name, user, "force_rebuild" in params)
        return answer(request, None)

    @app.route("/<node_id>/index/<name>", methods=["DELETE"])
    async def remove_index(self, request: AwedRequest, node_id: str, name: str) -> bytes:
        """Remove an index."""
        await self._nodes.remove_index(node_id, name, await self._who(request, "write"))
        return answer(request, None)

    @app.route("/<node_id>/acl", methods=["GET"])
    @app.route("/<node_id>/acl/<subject>", methods=["GET"])
    async def show_acl(self, request: AwedRequest, node_id: str, subject: str = "all") -> bytes:
        """Who may do what with a node."""
        check_kind(subject)
        acl = await self._nodes.acl(node_id, await self._who(request, "read"))
        return answer(request, shown_acl(acl, params_of(request)))

    @app.route("/<node_id>/acl/<subject>", methods=["PUT", "POST", "DELETE"])
    async def change_acl(self, request: AwedRequest, node_id: str, subject: str) -> bytes:
        """Give or take rights."""
        user = await self._who(request, "write")
        change = await acl_change(request, subject)
        return answer(request, shown_acl(await self._nodes.change_acl(node_id, user, change), params_of(request)))

    async def _who(self, request: IRequest, right: Right) -> User:
        try:
            return await self._user(request, right)
        except UnknownCredentials:
            raise Invalid("Invalid authorization header or content") from None  # Shock's way to say it

    async def _download(self, request: AwedRequest, params: Params, node_id: str, user: User) -> bytes:
        selection = selected(params)
        node, slices = await self._nodes.content(node_id, user, selection)
        name = None if "download_raw" in params else params.text("file_name", node.file.name)
        if "compression" in params:
            packing = params.choice("compression", PACKINGS, "")
            source = packed(slices, packing, name or "file")
            return await send_source(request, source, name and f"{name}.{packing}", self._in_thread)
        return await send_file(request, slices, name, etag_of(node, selection), self._in_thread)
