"""Addresses at which a file can be had once, by anybody who knows them.

Each is a file in the data directory whose name is its secret part: what is taken is gone, also after a restart.
"""

import re
import string
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from awed.model.access import ADMIN, PUBLIC, User
from awed.model.errors import NotFound
from awed.nodes.files import NodeFiles, sync
from awed.nodes.store import NodeStore
from awed.tx.files import Slice
from awed.tx.threads import InThread

LIFETIME = timedelta(days=30)

LETTERS = string.ascii_letters + string.digits
"""Of these a secret has 20."""

_SECRET = re.compile(r"[A-Za-z0-9]{20}\Z")


class Address(Struct):
    """What *user* lets others have: the file of *node*, as *name*, packed by *packing* ("": as it is)."""

    node: str
    name: str
    packing: str
    valid_till: datetime
    user: str = PUBLIC


class _Void(NotFound):
    def __init__(self) -> None:
        super().__init__("nothing is at this address: it was used, or its time is over")


class Addresses:
    """Makes addresses and takes them. *new_secret* gives 20 random :data:`LETTERS`; *now* is the clock."""

    def __init__(
        self,
        files: NodeFiles,
        nodes: NodeStore,
        in_thread: InThread,
        now: Callable[[], datetime],
        new_secret: Callable[[], str],
    ) -> None:
        self._files = files
        self._nodes = nodes
        self._in_thread = in_thread
        self._now = now
        self._new_secret = new_secret

    async def make(self, node_id: str, user: User, name: str, packing: str) -> tuple[str, Address, int]:
        """The secret of a new address of the node's file, what it stands for, and the size of the file.

        *name* "": that of the file. Raises what :meth:`NodeStore.content` raises.
        """
        node, _ = await self._nodes.content(node_id, user)
        address = Address(node_id, name or node.file.name, packing, self._now() + LIFETIME, user.name)
        secret = self._new_secret()
        await self._in_thread(self._write, secret, address)
        return secret, address, node.file.size

    async def take(self, secret: str) -> tuple[Address, list[Slice]]:
        """What the address stands for, and where its bytes are. It is void from now on.

        Raises :class:`~awed.model.errors.NotFound` if it is none any more, or its node is gone.
        """
        path = self._files.addresses / secret
        address = await self._in_thread(_read, path) if _SECRET.match(secret) else None
        if address is None or address.valid_till <= self._now():
            raise _Void
        _, slices = await self._nodes.content(address.node, User(ADMIN, admin=True))
        await self._in_thread(self._use_up, path)
        return address, slices

    def in_turns_of(self, address: Address) -> InThread:
        """Threads in which the file is packed while it is sent, piece by piece."""
        return self._nodes.in_turns_of(User(address.user))

    async def remove_expired(self) -> None:
        """Remove the addresses whose time is over."""
        await self._in_thread(self._remove_expired, self._now())

    def _write(self, secret: str, address: Address) -> None:
        path = self._files.new_path()
        with self._files.writing(path) as file:
            file.write(msgspec.json.encode(address))
        path.replace(self._files.addresses / secret)
        sync(self._files.addresses)

    def _use_up(self, path: Path) -> None:
        try:
            path.unlink()
        except FileNotFoundError:  # somebody else was faster
            raise _Void from None
        sync(path.parent)

    def _remove_expired(self, now: datetime) -> None:
        for path in self._files.addresses.iterdir():
            address = _read(path)
            if address is not None and address.valid_till <= now:
                path.unlink(missing_ok=True)


def _read(path: Path) -> Address | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Address)
    except FileNotFoundError:
        return None
