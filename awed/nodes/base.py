"""What the parts of the node store share: files, records, locks, threads, and the count of bytes."""

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
    """Counts the *bytes* of the files of all nodes; a file that two nodes share is counted twice.

    The count is kept up as nodes change. A node that was there at the start is counted when it is :meth:`seen`.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._unseen: set[str] = set()

    def begin(self, node_ids: Iterable[str]) -> None:
        """Begin with these nodes, none of which is counted yet."""
        self._unseen = set(node_ids)

    def seen(self, node_id: str, node: Node | None) -> None:
        """Count a node that was there at the start (None: gone meanwhile). The caller holds the node's lock."""
        if node_id in self._unseen:
            self._unseen.discard(node_id)
            self.bytes += node.file.size if node else 0

    def changed(self, node_id: str, before: int, after: int) -> None:
        """Note that a node's file had *before* bytes and now has *after*; 0 if it has none."""
        if node_id not in self._unseen:
            self.bytes += after - before


@dataclass(frozen=True)
class NodeBase:
    """What all parts of the node store use.

    *alone* lets one change of a node happen at a time. *in_thread* is for short blocking calls, *long* for long work.
    *fetch* downloads URLs; None if the configuration does not allow that.
    """

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
        """Context with a path for a temporary file, which is removed at the end unless it was moved away."""
        path = self.files.new_path()
        try:
            yield path
        finally:
            await self.in_thread(path.unlink, missing_ok=True)
