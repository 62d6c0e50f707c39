"""The ports to the data plane: what the service and a worker ask of a Shock, the embedded store or another host."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

from zope.interface import Interface

from awed.model.node import Node, NodeIndex

Waits = Callable[[str, float], None]
"""Is told what was tried in vain and why, and in how many seconds it is tried again."""

WAITS: ContextVar[Waits] = ContextVar("waits", default=lambda cause, pause: None)
"""Hears of it while a data host is waited for, so that who waits can say why."""


class IShock(Interface):
    """One Shock host. Every method raises :class:`~awed.model.errors.NotFound` for an unknown node,
    :class:`~awed.model.errors.Unauthorized` if the token may not, and
    :class:`~awed.model.errors.Unavailable` if the host does not answer (already tried again as often as is sensible).

    *token* is a job's data token, "" if it has none: by it another host knows who asks. To the embedded store
    *owner* says it, the user to whom the job belongs: the owner of new nodes, and the one whose rights count.
    """

    def node(node_id: str, token: str, owner: str) -> Awaitable[Node]:
        """The node's document. Waits (limited) while its file or an index is locked."""

    def create(token: str, owner: str, parts: int, file_name: str) -> Awaitable[Node]:
        """An empty node for an output; with *parts* > 1 a parts node that workers fill rank by rank."""

    def index(node_id: str, index: str, token: str, owner: str) -> Awaitable[NodeIndex]:
        """Make the index if it is not there, wait until it is ready, and tell its size."""

    def delete(node_id: str, token: str, owner: str) -> Awaitable[None]:
        """Remove the node; one that is gone already is no error."""


class DataHost(Protocol):
    """One Shock host; :class:`awed.shock.client.ShockClient` is one. *token* is the job's data token, if it has one.

    Every method raises an :class:`~awed.model.errors.AwedError` that names call, node and host, once it has tried
    often enough; a file that was begun is then gone.
    """

    async def node(self, node_id: str, token: str) -> Node:
        """The node's document, once its file is complete."""

    async def download(
        self,
        node_id: str,
        path: Path,
        *,
        token: str = "",
        part: tuple[str, str] | None = None,
        md5: str | None = None,
    ) -> int:
        """Write the node's file, or of it the units *part* (index, ``a-b``), to *path*; the number of bytes."""

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
        """Give the node its file, or with a *rank* that part of it, and *attributes*.

        A later *attempt* of the workunit may replace what an earlier one delivered, where the host can do that.
        """

    async def set_attributes(self, node_id: str, attributes: Any, token: str = "") -> Node:
        """Replace the node's attributes."""

    async def copy(self, node_id: str, source: str, token: str = "") -> Node:
        """Give the node the file of another one."""

    async def subset(self, node_id: str, parent: str, index: str, records: Path, token: str = "") -> Node:
        """Give the node those units of its *parent*'s *index* whose numbers stand in the file *records*."""

    async def fetch_url(self, url: str, path: Path) -> int:
        """Write what a plain http(s) URL shows to *path*; the number of bytes."""

    async def url_version(self, url: str) -> str:
        """What names the version of the file that a plain URL shows now, "" if nothing does."""


HostAt = Callable[[str], DataHost]
"""The data host at a URL."""
