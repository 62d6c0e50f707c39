"""The interfaces through which the service (:class:`IShock`) and a worker (:class:`DataHost`) use a Shock."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

from zope.interface import Interface

from awed.model.node import Node, NodeIndex

Waits = Callable[[str, float], None]
"""Called with what failed and why, and with the seconds until it is tried again."""

WAITS: ContextVar[Waits] = ContextVar("waits", default=lambda cause, pause: None)
"""Called while a data host is waited for, so that the reason of the delay can be shown."""


class IShock(Interface):
    """A Shock host: the daemon's own node store, or another host.

    *token*: the data token of the job, "" if it has none; another host knows the user by it. *owner*: the submitter
    of the job, by whom the own store knows the user, and who will own new nodes there.

    Every method raises :class:`~awed.model.errors.NotFound` for an unknown node,
    :class:`~awed.model.errors.Unauthorized` if the user has no right, and :class:`~awed.model.errors.Unavailable` if
    the host does not answer, after several tries.
    """

    def node(node_id: str, token: str, owner: str) -> Awaitable[Node]:
        """The node's document. Waits, for a limited time, while the node's file is locked."""

    def create(token: str, owner: str, parts: int, file_name: str) -> Awaitable[Node]:
        """Make an empty node for an output; with *parts* > 1 one whose file workunits send in parts."""

    def copy(node_id: str, source: str, token: str, owner: str) -> Awaitable[Node]:
        """Give the empty node the file of the node *source*."""

    def index(node_id: str, index: str, token: str, owner: str) -> Awaitable[NodeIndex]:
        """The index of the node's file, which is made if it is not there and waited for."""

    def delete(node_id: str, token: str, owner: str) -> Awaitable[None]:
        """Delete the node. It is no error if there is none."""


class DataHost(Protocol):
    """A Shock host as a worker uses it; :class:`awed.shock.client.ShockClient` is one.

    *token*: the data token of the job, "" if it has none. Every method raises, after several tries, an
    :class:`~awed.model.errors.AwedError` that names call, node and host. An incomplete download is then removed.
    """

    async def node(self, node_id: str, token: str) -> Node:
        """The node's document, once its file is not locked."""

    async def download(
        self,
        node_id: str,
        path: Path,
        *,
        token: str = "",
        part: tuple[str, str] | None = None,
        md5: str | None = None,
    ) -> int:
        """Write the node's file to *path*, or only the units *part* (index, ``a-b``) of it.

        A download whose MD5 is not *md5* is tried again. Returns the number of bytes.
        """

    async def upload(
        self,
        node_id: str,
        path: Path,
        *,
        filename: str,
        token: str = "",
        rank: int | None = None,
        attributes: Any = None,
        attempt: int = 0,
    ) -> Node:
        """Send the file of a node, or with *rank* that part of it. *attributes*, unless None, replace the node's.

        *attempt*: of the workunit. Where the host can do that, the file of a later attempt replaces that of an
        earlier.
        """

    async def make(self, path: Path, *, filename: str, token: str = "") -> Node:
        """Make a node of the file at *path*."""

    async def set_attributes(self, node_id: str, attributes: Any, token: str = "") -> Node:
        """Replace the node's attributes."""

    async def copy(self, node_id: str, source: str, token: str = "") -> Node:
        """Give the empty node the same file as that of the node *source*."""

    async def subset(self, node_id: str, parent: str, index: str, records: Path, token: str = "") -> Node:
        """Fill the empty node with units of the file of *parent*. *records*: their numbers in *index*, one a line."""

    async def fetch_url(self, url: str, path: Path) -> int:
        """Download a plain HTTP or HTTPS URL to *path*. Returns the number of bytes."""

    async def put_url(self, url: str, path: Path) -> None:
        """Send the file at *path* to a plain HTTP or HTTPS URL by PUT."""

    async def url_version(self, url: str) -> str:
        """The version of the file at a plain URL, "" if the host does not tell it."""


HostAt = Callable[[str], DataHost]
"""The data host at a URL."""
