"""One-time addresses: whoever knows one can download a file, or an archive of several, once and without a token.

Each is kept as a file in the data directory, named by the secret part of the address, and removed when it is used. So
an address stays valid or used up over a restart.
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec
from msgspec import Struct

from awed.model.access import ADMIN, PUBLIC, User
from awed.model.errors import Invalid, NotFound, Unauthorized
from awed.nodes.files import NodeFiles, sync
from awed.nodes.packing import Member
from awed.nodes.store import NodeStore
from awed.tx.threads import InThread

LIFETIME = timedelta(days=30)
"""How long an address is valid."""

MOST_FILES = 10_000
"""Files that an archive may have."""

LETTERS = string.ascii_letters + string.digits
"""The characters of a secret, which has 20 of them."""

_SECRET = re.compile(r"[A-Za-z0-9]{20}\Z")


class Address(Struct):
    """What is at an address that *user* made: the file of *node*, or an archive of the files of *nodes*.

    *name*: the file name under which it is sent, without the ending for the packing. *packing*: one of ``PACKINGS``
    or ``ARCHIVES`` of :mod:`awed.nodes.packing`, "" for the file as it is.
    """

    name: str
    packing: str
    valid_till: datetime
    node: str = ""
    nodes: list[str] = []
    user: str = PUBLIC

    @property
    def filename(self) -> str:
        """The file name under which it is sent."""
        return f"{self.name}.{self.packing}" if self.packing else self.name


class Offer(NamedTuple):
    """A new address: its *secret*, and the number of its files and their *size* in bytes."""

    secret: str
    address: Address
    files: int
    size: int


class _Void(NotFound):
    said = ("nothing is at this address: it was used, or its time is over",)


class Addresses:
    """Makes addresses and takes them. *new_secret* makes 20 random characters of LETTERS; *now* is the clock."""

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

    async def offer(self, node_id: str, user: User, name: str, packing: str) -> Offer:
        """Make an address for the file of a node. *name* "": the file's own.

        Raises what :meth:`NodeStore.content` raises, and :class:`~awed.model.errors.Unauthorized` for a user by the
        token of a job or a run.
        """
        _require_lasting(user)
        node, _ = await self._nodes.content(node_id, user)
        address = Address(name or node.file.name, packing, self._now() + LIFETIME, node=node_id, user=user.name)
        return Offer(await self._keep(address), address, 1, node.file.size)

    async def offer_archive(self, node_ids: Sequence[str], user: User, name: str, packing: str) -> Offer:
        """Make an address for an archive of the files of several nodes.

        Raises what :meth:`offer` raises, and :class:`~awed.model.errors.Invalid` for no nodes or over MOST_FILES.
        """
        _require_lasting(user)
        if not 0 < len(node_ids) <= MOST_FILES:
            raise Invalid(f"an archive has 1 to {MOST_FILES} files, not {len(node_ids)}")
        size = 0
        for node_id in node_ids:
            size += (await self._nodes.content(node_id, user))[0].file.size
        address = Address(name or "nodes", packing, self._now() + LIFETIME, nodes=list(node_ids), user=user.name)
        return Offer(await self._keep(address), address, len(node_ids), size)

    async def _keep(self, address: Address) -> str:
        """Store *address* under a new secret, which is returned."""
        secret = self._new_secret()
        await self._in_thread(self._write, secret, address)
        return secret

    async def take(self, secret: str) -> tuple[Address, list[Member]]:
        """Use an address up. Returns it, with its files under the names that they have in an archive.

        Raises :class:`~awed.model.errors.NotFound` if there is no such address, if it was used or is too old, or if a
        node of it is gone.
        """
        path = self._files.addresses / secret
        address = await self._in_thread(_read, path) if _SECRET.match(secret) else None
        if address is None or address.valid_till <= self._now():
            raise _Void
        members = [await self._member(node_id) for node_id in address.nodes or [address.node]]
        await self._in_thread(self._use_up, path)
        if address.node:
            return address, [members[0]._replace(name=address.name)]
        return address, list(_with_names(address.nodes, members))

    async def _member(self, node_id: str) -> Member:
        node, slices = await self._nodes.content(node_id, User(ADMIN, admin=True))
        return Member(node.file.name, node.file.created_on, slices)

    def in_turns_of(self, address: Address) -> InThread:
        """Runs the packing of files while they are sent, in turns of the user who made the address."""
        return self._nodes.in_turns_of(User(address.user))

    async def remove_expired(self) -> None:
        """Remove the addresses that are no longer valid, and files that are none."""
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
        except FileNotFoundError:  # another request took it meanwhile
            raise _Void from None
        sync(path.parent)

    def _remove_expired(self, now: datetime) -> None:
        for path in self._files.addresses.iterdir():
            address = _read(path)
            if address is None or address.valid_till <= now:
                path.unlink(missing_ok=True)


def _require_lasting(user: User) -> None:
    if user.run or user.nodes is not None:
        raise Unauthorized("the token of a job makes no one-time addresses, which would outlive it")


def _with_names(node_ids: Iterable[str], members: Iterable[Member]) -> Iterator[Member]:
    """*members* with unique names without directories; one whose name is taken is called ``<node id>_<name>``."""
    names: set[str] = set()
    for node_id, member in zip(node_ids, members, strict=True):
        name = PurePosixPath(member.name).name
        if name in ("", "..") or name in names:
            name = f"{node_id}_{name}".rstrip("_.")
        names.add(name)
        yield member._replace(name=name)


def _read(path: Path) -> Address | None:
    """The address in a file; None if there is none, be it that the file is gone or that its content was damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Address)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
