"""``/node``: the daemon's own node store, with Shock's API."""

from typing import Annotated, Any, NoReturn

from msgspec.structs import replace

from awed.api.acl import ALL, AclUsers, acl_change, check_kind
from awed.api.context import Context, Resource
from awed.api.node_form import NAMES, SubsetForm, archive_asked, archive_of, need_file, read_change
from awed.api.node_query import Download, NodeList, NodeSelection, distinct_path, etag_of, shown_acl
from awed.api.preauth import shown_offer
from awed.api.rights import to_files, to_node
from awed.model.errors import Invalid
from awed.model.node import Node, NodeIndex
from awed.nodes.packing import ARCHIVES, PACKINGS, Member, Packer
from awed.web.arguments import Rest
from awed.web.calls import Call, Calls
from awed.web.download import File, send_file, send_source
from awed.web.form import Form, Part
from awed.web.kinds import or_empty, word
from awed.web.streaming import listed
from awed.web.traits import Traits
from awed.wire.envelope import Page

NodeForm = Annotated[Form, NAMES]

Verbosity = Annotated[str, "With full, users are shown as by Shock, not as names."]
FileName = Annotated[str, "The file name to download it under."]
Column = Annotated[str, "For the index column: number of the column, from 1."]
Anew = Annotated[bool, "Make the index again if it is there."]
IndexFile = Annotated[Part | None, "The index."]


class NodeResource(Resource):
    """The nodes that the caller may see or change."""

    calls = Calls[Context]()
    traits = Traits(takes_files=True, no_method=(501, "This request type is not implemented."))

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.traits = replace(self.traits, body_limit=context.max_upload)
        self._nodes = context.nodes

    @calls("POST /", to_files("write"))
    async def create(self, call: Call[None], *, form: NodeForm) -> Node | list[Node] | dict[str, Any]:
        """Make a node, or one for each file of an archive; with download_url, make a one-time address for an archive
        of the files of several nodes."""
        asked = archive_asked(form)
        if asked is not None:
            return await self._offer_archive(call, *asked)
        change = await read_change(form, self.context.now())
        archive = archive_of(form)
        if archive is not None:
            return await self._nodes.create_from(*archive, call.user, change)
        return await self._nodes.create(call.user, change)

    @calls("GET /", to_files("read"))
    async def index(self, call: Call[None], *, asked: NodeList, fields: Rest) -> Page[list[Node]]:
        """A page of nodes."""
        nodes, total = await self._nodes.find(asked.query_for(fields), call.user)
        return asked.page(listed(nodes), total)

    @calls("GET /?download_url", to_files("read"))
    async def offer_found(
        self,
        call: Call[None],
        *,
        asked: NodeSelection,
        fields: Rest,
        archive: Annotated[str, word(ARCHIVES), "The kind of archive."] = ARCHIVES[0],
        file_name: FileName = "",
    ) -> dict[str, Any]:
        """Make a one-time address at which anybody can download an archive of the files of these nodes."""
        nodes, _ = await self._nodes.find(asked.query_for(fields), call.user)
        return await self._offer_archive(call, [node.id async for node in nodes if node.has_file], archive, file_name)

    @calls("GET /?distinct", to_files("read"))
    async def distinct(self, call: Call[None], *, distinct: str) -> list[Any]:
        """The distinct values of this field in all nodes that the caller may read."""
        return await self._nodes.distinct(distinct_path(distinct), call.user)

    @calls("PUT /<node_id>", to_node("write"))
    async def update(
        self,
        call: Call[None],
        node_id: str,
        *,
        form: NodeForm,
        attempt: Annotated[int, "Of the workunit that sends it: a later one replaces what an earlier one sent."] = 0,
    ) -> Node:
        """Change a node."""
        if not form.is_form:
            raise Invalid("a node is changed by a multipart/form-data form")
        change = await read_change(form, self.context.now())
        change.attempt = attempt
        return await self._nodes.update(node_id, call.user, change)

    @calls("GET /<node_id>", to_files("read"))
    async def show(self, call: Call[None], node_id: str) -> Node:
        """A node's document."""
        return await self._nodes.get(node_id, call.user)

    @calls("GET /<node_id>?download_post", to_files("read"))
    async def download_post(self, call: Call[None]) -> NoReturn:
        """Not supported."""
        raise Invalid("download_post is not supported by this node store")

    @calls("GET /<node_id>?filter", to_files("read"))
    async def filter(self, call: Call[None]) -> NoReturn:
        """Not supported."""
        raise Invalid("filter is not supported by this node store")

    @calls("GET /<node_id>?download_raw", to_files("read"))
    @calls("GET /<node_id>?download", to_files("read"))
    async def download(self, call: Call[None], node_id: str, *, asked: Download) -> File:
        """The file of a node, or a part of it."""
        node, slices = await self._nodes.content(node_id, call.user, asked.selection)
        name, packing = asked.name_of(node), asked.compression
        if packing:
            packer = Packer([Member(name or "file", node.file.created_on, slices)], packing)
            in_turns = self._nodes.in_turns_of(call.user)
            return await send_source(call.request, packer, name and f"{name}.{packing}", in_turns)
        return await send_file(call.request, slices, name, etag_of(node, asked.selection), self.context.in_thread)

    @calls("GET /<node_id>?download_url", to_files("read"))
    async def offer(
        self,
        call: Call[None],
        node_id: str,
        *,
        file_name: FileName = "",
        compression: Annotated[str | None, or_empty(word(PACKINGS)), "The file is packed while it is sent."] = None,
    ) -> dict[str, Any]:
        """Make a one-time address at which anybody can download the file."""
        offer = await self.context.addresses.offer(node_id, call.user, file_name, compression or "")
        return shown_offer(offer, call.request, self.context)

    @calls("DELETE /<node_id>", to_files("delete"))
    async def delete(self, call: Call[None], node_id: str) -> None:
        """Remove a node."""
        await self._nodes.delete(node_id, call.user)

    @calls("GET /<node_id>/index/<name>", to_files("read"))
    async def show_index(self, call: Call[None], node_id: str, name: str) -> dict[str, NodeIndex]:
        """The description of an index."""
        node = await self._nodes.get(node_id, call.user)
        if name not in node.indexes:
            raise Invalid(f"Invalid index type: {name}")
        return {name: node.indexes[name]}

    @calls("PUT /<node_id>/index/<name>", to_files("read"))  # "read" is enough, as an index follows from the file
    async def make_index(
        self, call: Call[None], node_id: str, name: str, *, number: Column = "", force_rebuild: Anew = False
    ) -> None:
        """Make an index."""
        full_name = f"column{number}" if name == "column" else name
        await self._nodes.make_index(node_id, full_name, call.user, force_rebuild)

    @calls("PUT /<node_id>/index/subset", to_node("write"))
    async def make_subset(self, call: Call[None], node_id: str, *, form: SubsetForm) -> None:
        """Make an index of some units of another index."""
        await self._nodes.put_index(node_id, form.name, call.user, form.source())

    @calls("PUT /<node_id>/index/subset?upload", to_node("write"))
    @calls("PUT /<node_id>/index/<name>?upload", to_node("write"))
    async def put_index(
        self, call: Call[None], node_id: str, name: str = "subset", *, upload: IndexFile = None
    ) -> None:
        """Store the index in the form's part upload."""
        await self._nodes.put_index(node_id, name, call.user, need_file(upload, "upload"))

    @calls("DELETE /<node_id>/index/<name>", to_files("write"))
    async def remove_index(self, call: Call[None], node_id: str, name: str) -> None:
        """Remove an index."""
        await self._nodes.remove_index(node_id, name, call.user)

    @calls("GET /<node_id>/acl", to_files("read"))
    @calls("GET /<node_id>/acl/<subject>", to_files("read"))
    async def show_acl(
        self, call: Call[None], node_id: str, subject: str = ALL, *, verbosity: Verbosity = ""
    ) -> dict[str, Any]:
        """The ACL of a node."""
        check_kind(subject)
        return shown_acl(await self._nodes.acl(node_id, call.user), verbosity)

    @calls("PUT|POST|DELETE /<node_id>/acl/<subject>", to_files("write"))
    async def change_acl(
        self, call: Call[None], node_id: str, subject: str, *, users: AclUsers, verbosity: Verbosity = ""
    ) -> dict[str, Any]:
        """Give or take rights to a node."""
        change = acl_change(call.request, subject, users)
        return shown_acl(await self._nodes.change_acl(node_id, call.user, change), verbosity)

    async def _offer_archive(self, call: Call[None], node_ids: list[str], kind: str, name: str) -> dict[str, Any]:
        offer = await self.context.addresses.offer_archive(node_ids, call.user, name, kind)
        return shown_offer(offer, call.request, self.context)
