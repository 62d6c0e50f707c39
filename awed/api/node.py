"""``/node``: the embedded node store, as Shock's clients use it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from twisted.web.iweb import IRequest

from awed.api.body import AwedRequest
from awed.api.download import send_file
from awed.api.envelope import answer
from awed.api.errors import new_app
from awed.api.node_form import read_change
from awed.api.params import params_of
from awed.model.access import User
from awed.model.errors import Invalid
from awed.shock.nodes import NodeStore
from awed.threads import InThread

Who = Callable[[IRequest, Literal["read", "write", "delete"]], Awaitable[User]]
"""Finds out who makes a request; raises :class:`~awed.model.errors.Unauthorized`."""


class NodeResource:
    """The nodes that the caller may see or change."""

    app = new_app()

    def __init__(self, nodes: NodeStore, who: Who, in_thread: InThread, now: Callable[[], datetime]) -> None:
        self._nodes = nodes
        self._who = who
        self._in_thread = in_thread
        self._now = now

    @app.route("/", methods=["POST"])
    async def create(self, request: AwedRequest) -> bytes:
        """A new node."""
        user = await self._who(request, "write")
        change = await read_change(await request.form(), self._now())
        return answer(request, await self._nodes.create(user, change))

    @app.route("/<node_id>", methods=["PUT"])
    async def update(self, request: AwedRequest, node_id: str) -> bytes:
        """A changed node."""
        user = await self._who(request, "write")
        form = await request.form()
        if not form.is_form:
            raise Invalid("a node is changed by a multipart/form-data form")
        return answer(request, await self._nodes.update(node_id, user, await read_change(form, self._now())))

    @app.route("/<node_id>", methods=["GET"])
    async def show(self, request: AwedRequest, node_id: str) -> bytes:
        """A node's document, or its file."""
        user = await self._who(request, "read")
        params = params_of(request)
        if "download" in params or "download_raw" in params:
            node, slices = await self._nodes.content(node_id, user)
            name = None if "download_raw" in params else params.text("file_name", node.file.name)
            return await send_file(request, slices, name, node.file.checksum["md5"], self._in_thread)
        return answer(request, await self._nodes.get(node_id, user))

    @app.route("/<node_id>", methods=["DELETE"])
    async def delete(self, request: AwedRequest, node_id: str) -> bytes:
        """Remove a node."""
        await self._nodes.delete(node_id, await self._who(request, "delete"))
        return answer(request, None)
