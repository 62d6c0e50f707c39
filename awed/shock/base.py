"""What all parts of the embedded node store work on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from awed.shock.fetching import Fetch
from awed.shock.files import NodeFiles
from awed.shock.records import NodeRecords
from awed.shock.underway import Underway
from awed.shock.usage import Usage
from awed.tx.locks import Alone
from awed.tx.threads import InThread


@dataclass(frozen=True)
class NodeBase:
    """Files and records of nodes, what is being done to them, how much they take, threads, the clock,
    and how files are fetched from URLs, if they are."""

    files: NodeFiles
    records: NodeRecords
    alone: Alone
    underway: Underway
    usage: Usage
    in_thread: InThread
    now: Callable[[], datetime]
    fetch: Fetch | None
