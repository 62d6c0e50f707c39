"""Files where a URL says: below the roots of this worker, in an S3 store, at a web server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.defer import CancelledError

from awed.shock.client import ShockClient
from awed.tx.http import Reach
from awed.tx.threads import InThread
from awed.worker.account import EXTRA, LACKING, Account, account_of
from awed.worker.copying import stoppable
from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots

if TYPE_CHECKING:
    from awed.worker.s3 import S3


PATIENCE = 20.0
"""Seconds that a transfer has to end in order when its run is over, as to remove what it has brought by now."""

T = TypeVar("T")

HostAt = Callable[[str, str], ShockClient]
"""The data host at a URL, for who has this token."""


@dataclass(frozen=True)
class Urls:
    """What this worker may read and write by URL. *account*: for s3; *own*: that of the worker; *made*: what reads
    and writes by *account*, once it was needed. *everywhere*: the data hosts for tasks whose commands have the
    *network*. It is not lent to others, which have those *within* *reach*.

    All methods raise :class:`~awed.model.errors.AwedError`, most of them with the URL, and :class:`OSError`.
    """

    roots: FileRoots
    account: Account | None
    everywhere: HostAt
    within: HostAt
    reach: Reach
    in_thread: InThread
    network: bool = True
    own: Account | None = None
    made: "list[S3]" = field(default_factory=list)

    def of(self, private: Mapping[str, str], *, network: bool) -> "Urls":
        """The same for a task with these private variables. *network*: whether its commands have the network."""
        return replace(self, account=account_of(private, self.account), network=network, own=self.account, made=[])

    def host(self, host: str, token: str = "") -> ShockClient:
        """The data host at the URL *host*, for who has this *token*."""
        return (self.everywhere if self.network else self.within)(host, token)

    @property
    def _web(self) -> ShockClient:
        """What does http and https at any host."""
        return self.host("")

    async def version(self, url: str) -> str:
        """What identifies the present content of a file; "" if nothing does."""
        match _scheme(url):
            case "s3":
                return await self._transfer(lambda s3, stop: s3.version(url))
            case "http" | "https":
                return await self._web.url_version(url)
        return ""

    def is_at(self, url: str, path: Path) -> bool:
        """Whether *url* is that of *path* itself."""
        return _scheme(url) not in ("s3", "http", "https") and self.roots.path_of(url) == path

    async def fetch(self, url: str, path: Path) -> None:
        """Bring the file at *url* to *path*."""
        match _scheme(url):
            case "s3":
                await self._transfer(lambda s3, stop: s3.fetch(url, path, stop))
            case "http" | "https":
                await self._web.fetch_url(url, path)
            case _:
                await self._copied(self.roots.copy_file, url, path)

    async def fetch_directory(self, url: str, target: Path) -> None:
        """Bring all that is below *url* to the directory *target*, with its layout."""
        match _scheme(url):
            case "s3":
                await self._transfer(lambda s3, stop: s3.fetch_directory(url, target, stop))
            case _:
                await self._copied(self.roots.copy_directory, url, target)

    async def _copied(self, copy: Callable[[Path, Path, Event], None], url: str, target: Path) -> None:
        try:
            await stoppable(self.in_thread, partial(copy, self.roots.path_of(url), target))
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise WorkFailed(f"{url}: {error.strerror}") from error

    async def deliver(self, path: Path, url: str) -> None:
        """Bring the file at *path* to *url*, where it is once it is complete."""
        match _scheme(url):
            case "s3":
                await self._transfer(lambda s3, stop: s3.deliver(path, url, stop))
            case "http" | "https":
                await self._web.put_url(url, path)
            case _:
                await stoppable(self.in_thread, partial(self.roots.deliver, path, self.roots.path_of(url)))

    async def _transfer(self, call: "Callable[[S3, Event], T]") -> T:
        """What *call* returns, which runs in a thread. It ends early if this is cancelled, for which nobody waits."""
        last = Timer(PATIENCE, self._cut)
        last.daemon = True

        def run(stop: Event) -> T:
            try:
                return call(self._s3(), stop)
            finally:
                last.cancel()

        try:
            return await stoppable(self.in_thread, run)
        except CancelledError:
            last.start()
            raise

    def _cut(self) -> None:
        for s3 in self.made:
            s3.cut()

    def _s3(self) -> "S3":
        """The files of the account. Blocks: for a thread."""
        if self.account is None:
            raise WorkFailed(LACKING)
        try:
            s3 = import_module("awed.worker.s3")  # only now, as it takes long and may not be there
        except ModuleNotFoundError:
            raise WorkFailed(f"s3 URLs need {EXTRA}") from None
        if not self.made:
            is_bounded = (
                not self.network and bool(self.account.endpoint) and not self.reach.names(self.account.endpoint)
            )
            reach = self.reach if is_bounded else None
            self.made.append(s3.S3(self.account, reach, is_known=self.account is self.own))
        return self.made[0]


def is_directory(url: str) -> bool:
    """Whether *url* stands for all files below it; web servers cannot list them."""
    return url.endswith("/") and _scheme(url) in ("file", "s3")


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()
