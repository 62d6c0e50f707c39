"""What all parts of the embedded node store work on, and how many bytes it keeps."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from awed.model.node import Node
from awed.nodes.fetching import Fetch
from awed.nodes.files import NodeFiles
from awed.nodes.records import NodeRecords
from awed.nodes.underway import Underway
from awed.tx.locks import Alone
from awed.tx.longwork import LongWork
from awed.tx.threads import InThread


class Usage:
    """*bytes* of the files of all nodes, a file that two nodes share counted twice.

    It is kept as nodes change. Those that were there at the start count from when they are :meth:`seen`.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._unseen: set[str] = set()

    def begin(self, node_ids: Iterable[str]) -> None:
        """These nodes are there at the start."""
        self._unseen = set(node_ids)

    def seen(self, node_id: str, node: Node | None) -> None:
        """The node as it is, None if it is gone; nothing changes it at this moment."""
        if node_id in self._unseen:
            self._unseen.discard(node_id)
            self.bytes += node.file.size if node else 0

    def changed(self, node_id: str, before: int, after: int) -> None:
        """The file of a node had *before* bytes, 0 for none, and has *after*."""
        if node_id not in self._unseen:
            self.bytes += after - before


@dataclass(frozen=True)
class NodeBase:
    """Files and records of nodes, what is being done to them, how much they take, threads for short and for long
    work, the clock, and how files are fetched from URLs, if they are."""

    files: NodeFiles
    records: NodeRecords
    alone: Alone
    underway: Underway
    usage: Usage
    in_thread: InThread
    long: LongWork
    now: Callable[[], datetime]
    fetch: Fetch | None

    @asynccontextmanager
    async def temporary(self) -> AsyncIterator[Path]:
        """Where a file may be made; in the end it is removed, unless it was moved to its node."""
        path = self.files.new_path()
        try:
            yield path
        finally:
            await self.in_thread(path.unlink, missing_ok=True)
