"""A client of the node API of any Shock, for the daemon and for workers.

Tokens are in a header and nowhere else: no error and no log message has one.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from twisted.internet.task import deferLater
from zope.interface import implementer

from awed.model.errors import Conflict, Invalid, NotFound, Unavailable
from awed.model.node import Lock, Node, NodeIndex
from awed.shock.body import Body, file_body, form_body
from awed.shock.decoding import part_md5, read_node
from awed.shock.http import ANSWER_LIMIT, IDLE_LIMIT, Call, DataHttp, shown
from awed.shock.interface import WAITS, IShock
from awed.tx.files import Slice, md5_of
from awed.tx.pauses import Pauses
from awed.wire.envelope import Envelope
from awed.wire.headers import authorization
from awed.wire.multipart import Field

LOCK_PAUSES = Pauses(0.2, 10.0)
"""Between two requests for a node that is locked."""

LOCK_LIMIT = 3600.0
"""Seconds to wait for a node that is locked."""


@implementer(IShock)
class ShockClient:
    """A Shock host, for the service and for workers. *host*: its URL without ``/node``. *token*: by which it knows
    the user, the data token of the job; "" for none.

    Every method raises what :class:`~awed.shock.http.DataHttp` raises: after several tries an
    :class:`~awed.model.errors.AwedError` that names call, node and host. An incomplete download is then removed.
    """

    def __init__(self, http: DataHttp, host: str, token: str = "") -> None:
        self._http = http
        self._reactor = http.reactor
        self._in_thread = http.in_thread
        self._host = host.rstrip("/")
        self._headers = {"Authorization": authorization(token, "OAuth")} if token else {}

    async def node(self, node_id: str) -> Node:
        """The node's document, once its file is not locked.

        Raises :class:`~awed.model.errors.Invalid` if the host could not build the file, and
        :class:`~awed.model.errors.Unavailable` if it is locked for more than LOCK_LIMIT.
        """
        node = await self._look(node_id)
        return await self._unlocked(node, lambda node: node.file.locked)

    async def create(self, parts: int = 0, file_name: str = "") -> Node:
        node = read_node(self._what("create node"), await self._ask("create node", "POST", ""))
        if parts > 1:
            fields = [_text("parts", str(parts))]
            if file_name:
                fields.append(_text("file_name", file_name))
            node = await self._update(node.id, "set parts of", fields, idle=ANSWER_LIMIT)
        return node

    async def index(self, node_id: str, index: str) -> NodeIndex:
        """The index of the node's file, which is made if it is not there and waited for.

        Raises :class:`~awed.model.errors.Invalid` if it cannot be made.
        """
        node = await self.node(node_id)
        if index not in node.indexes:
            # Some versions of Shock answer only when the index is ready, hence the longer limit.
            await self._ask(f"index {index} of node", "PUT", node_id, f"/index/{quote(index)}", idle=IDLE_LIMIT)
            node = await self._look(node_id)
        node = await self._unlocked(node, lambda node: self._index(node, index).locked)
        return self._index(node, index)

    async def delete(self, node_id: str) -> None:
        try:
            await self._ask("delete node", "DELETE", node_id)
        except NotFound:
            return

    async def download(
        self,
        node_id: str,
        path: Path,
        *,
        part: tuple[str, str] | None = None,
        md5: str | None = None,
    ) -> int:
        """Write the node's file to *path*, or only the units *part* (index, ``a-b``) of it.

        A download whose MD5 is not *md5* is tried again. Returns the number of bytes.
        """
        query = "?download" if part is None else f"?download&index={quote(part[0])}&part={quote(part[1])}"
        call = self._call("download node", "GET", node_id, query)
        return (await self._http.fetch(call, path, md5)).size

    async def upload(
        self,
        node_id: str,
        path: Path,
        *,
        filename: str,
        rank: int | None = None,
        attributes: Any = None,
        attempt: int = 0,
    ) -> Node:
        """Send the file of a node, or with *rank* that part of it. *attributes*, unless None, replace the node's.

        *attempt*: of the workunit; in awed's own node store the file of a later attempt replaces that of an earlier
        one, while other Shocks refuse to replace a file. If the host reports another MD5 than that of *path*, the
        file is sent once more. Raises :class:`~awed.model.errors.Conflict` if the MD5 is then still another.
        """
        size = (await self._in_thread(path.stat)).st_size
        fields = [Field(str(rank) if rank else "upload", Slice(path, 0, size), filename)]
        if attributes is not None:
            fields.append(_attributes(attributes))
        tail = f"?attempt={attempt}" if attempt else ""
        send = partial(self._update, node_id, f"upload {filename} to", fields, tail)
        md5 = await self._in_thread(md5_of, path)
        try:
            node = await send()
            if _told_md5(node, rank) not in (None, md5):
                node = await send()
        except Invalid as error:
            if "immutable" not in str(error):
                raise
            # An earlier try may have succeeded with its answer lost, or an earlier run of the workunit sent the file.
            node = await self._look(node_id)
            if _told_md5(node, rank) is None:
                raise
        told = _told_md5(node, rank)
        if told not in (None, md5):
            raise Conflict(
                f"{self._what('upload to node', node_id)}: there {filename} has the md5 {told}, here {md5}"
            )
        return node

    async def make(self, path: Path, *, filename: str, expiration: str = "") -> Node:
        """Make a node of the file at *path*. *expiration*: after how long it is deleted, "" for never.

        Raises :class:`~awed.model.errors.Conflict` if the host reports another MD5 than the file has.
        """
        what, size = f"make a node of {filename}", (await self._in_thread(path.stat)).st_size
        fields = [Field("upload", Slice(path, 0, size), filename)]
        fields += [_text("expiration", expiration)] if expiration else []
        body = partial(form_body, fields, self._in_thread)
        call = self._call(what, "POST", "")
        md5, node = await self._in_thread(md5_of, path), read_node(call.what, await self._send(call, body))
        if _told_md5(node, None) not in (None, md5):
            raise Conflict(f"{call.what}: there it has the md5 {_told_md5(node, None)}, here {md5}")
        return node

    async def set_attributes(self, node_id: str, attributes: Any) -> Node:
        """Replace the node's attributes."""
        fields = [_attributes(attributes)]
        return await self._update(node_id, "set attributes of", fields, idle=ANSWER_LIMIT)

    async def copy(self, node_id: str, source: str) -> Node:
        """Give the empty node the same file as that of the node *source*."""
        return await self._update(node_id, f"copy node {source} to", [_text("copy_data", source)])

    async def subset(self, node_id: str, parent: str, index: str, records: Path) -> Node:
        """Fill the empty node with units of the file of *parent*. *records*: their numbers in *index*, one a line."""
        size = (await self._in_thread(records.stat)).st_size
        fields = [
            _text("parent_node", parent),
            _text("parent_index", index),
            Field("subset_indices", Slice(records, 0, size), records.name),
        ]
        return await self._update(node_id, f"take a subset of node {parent} to", fields)

    async def fetch_url(self, url: str, path: Path) -> int:
        """Download a plain HTTP or HTTPS URL to *path*. Returns the number of bytes."""
        return (await self._http.fetch(Call(f"get {shown(url)}", "GET", url), path)).size

    async def put_url(self, url: str, path: Path) -> None:
        """Send the file at *path* to a plain HTTP or HTTPS URL by PUT."""
        await self._http.ask(Call(f"put {shown(url)}", "PUT", url), partial(file_body, path, self._in_thread))

    async def url_version(self, url: str) -> str:
        """The version of the file at a plain URL, "" if the host does not tell it."""
        return await self._http.version(Call(f"get {shown(url)}", "GET", url))

    async def _look(self, node_id: str) -> Node:
        return read_node(self._what("get node", node_id), await self._ask("get node", "GET", node_id), node_id)

    def _index(self, node: Node, name: str) -> NodeIndex:
        if name not in node.indexes:
            raise Unavailable(f"{self._what('index node', node.id)}: there is no index {name} after it was made")
        return node.indexes[name]

    async def _ask(self, call: str, method: str, node_id: str, tail: str = "", *, idle: float = ANSWER_LIMIT) -> Any:
        """The ``data`` of the answer. *tail*: what follows on the node's id in the URL."""
        return await self._send(self._call(call, method, node_id, tail, idle=idle))

    async def _update(
        self,
        node_id: str,
        call: str,
        fields: Sequence[Field[Slice]],
        tail: str = "",
        *,
        idle: float = IDLE_LIMIT,
    ) -> Node:
        body = partial(form_body, fields, self._in_thread)
        asked = self._call(f"{call} node", "PUT", node_id, tail, idle=idle)
        return read_node(asked.what, await self._send(asked, body), node_id)

    async def _send(self, call: Call, body: Callable[[Callable[[], object]], Body] | None = None) -> Any:
        answer = await self._http.ask(call, body)
        try:
            return msgspec.json.decode(answer, type=Envelope[Any]).data
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unavailable(f"{call.what}: the answer is not one of a Shock: {error}") from None

    def _call(self, call: str, method: str, node_id: str, tail: str = "", *, idle: float = IDLE_LIMIT) -> Call:
        path = f"/node/{quote(node_id)}{tail}" if node_id else "/node"
        return Call(self._what(call, node_id), method, f"{self._host}{path}", self._headers, idle)

    async def _unlocked(self, node: Node, lock_of: Callable[[Node], Lock | None]) -> Node:
        """The node once *lock_of* finds no lock in it, which is asked for again and again."""
        pauses = LOCK_PAUSES.within(LOCK_LIMIT, self._reactor.seconds)
        while (lock := lock_of(node)) is not None:
            if lock.error:
                raise Invalid(f"{self._what('wait for node', node.id)}: {lock.error}")
            pause = next(pauses, None)
            if pause is None:
                raise Unavailable(f"{self._what('wait for node', node.id)}: still locked after {LOCK_LIMIT:.0f} s")
            if pause == LOCK_PAUSES.longest:
                WAITS.get()(f"{self._what('wait for node', node.id)}: still locked", pause)
            await deferLater(self._reactor, pause)
            node = await self._look(node.id)
        return node

    def _what(self, call: str, node_id: str = "") -> str:
        return f"{call} {node_id} at {shown(self._host)}" if node_id else f"{call} at {shown(self._host)}"


def _text(name: str, value: str) -> Field[Slice]:
    return Field(name, value.encode())


def _attributes(value: Any) -> Field[Slice]:
    """The form's field for attributes: a file, as Shock cuts off the text form at 32 KiB."""
    return Field("attributes", msgspec.json.encode(value), "attributes.json")


def _told_md5(node: Node, rank: int | None) -> str | None:
    """The MD5 that the node's document has of its file, or of the part *rank*; None if it has none."""
    return part_md5(node, rank) if rank else node.file.checksum.get("md5")
