"""Data hosts in memory."""

from pathlib import Path
from typing import Any

from awed.model.errors import NotFound
from awed.model.node import Node, NodeFile


class FakeHosts:
    """All Shock hosts and all URLs of a test. *calls*: what was asked, in order; *wanted*: which md5 of a node;
    *sizes*: what is said of nodes."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.md5: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.wanted: dict[str, str | None] = {}
        self.attributes: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, host: str, token: str) -> Any:
        return FakeHost(self, host, token)


class FakeHost:
    """One of them."""

    def __init__(self, hosts: FakeHosts, host: str, token: str) -> None:
        self._hosts = hosts
        self._host = host
        self._token = token

    async def node(self, node_id: str) -> Node:
        self._hosts.calls.append(("node", node_id, self._token))
        md5 = self._hosts.md5.get(node_id)
        file = NodeFile(checksum={"md5": md5} if md5 else {}, size=self._hosts.sizes.get(node_id, 0))
        return Node(node_id, file=file, attributes=self._hosts.attributes.get(node_id))

    async def download(
        self,
        node_id: str,
        path: Path,
        *,
        part: tuple[str, str] | None = None,
        md5: str | None = None,
    ) -> int:
        self._hosts.calls.append(("download", self._host, node_id, self._token, part))
        self._hosts.wanted[node_id] = md5
        return self._write(node_id, path)

    async def fetch_url(self, url: str, path: Path) -> int:
        self._hosts.calls.append(("fetch_url", url))
        return self._write(url, path)

    async def put_url(self, url: str, path: Path) -> None:
        self._hosts.calls.append(("put_url", url, str(path)))

    async def url_version(self, url: str) -> str:
        return self._hosts.versions.get(url, "")

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
        self._hosts.calls.append(("upload", node_id, filename, self._token, rank, attributes))
        self._hosts.content[node_id if rank is None else f"{node_id}/{rank}"] = _content(path)
        return Node(node_id)

    async def make(self, path: Path, *, filename: str, expiration: str = "") -> Node:
        node_id = f"made-{len(self._hosts.content)}"
        self._hosts.calls.append(("make", self._host, filename, self._token))
        self._hosts.content[node_id] = _content(path)
        return Node(node_id)

    async def set_attributes(self, node_id: str, attributes: Any) -> Node:
        self._hosts.calls.append(("set_attributes", node_id, attributes, self._token))
        return Node(node_id)

    async def copy(self, node_id: str, source: str) -> Node:
        self._hosts.calls.append(("copy", node_id, source, self._token))
        return Node(node_id)

    async def subset(self, node_id: str, parent: str, index: str, records: Path) -> Node:
        self._hosts.calls.append(("subset", node_id, parent, index, _content(records), self._token))
        return Node(node_id)

    def _write(self, name: str, path: Path) -> int:
        if name not in self._hosts.content:
            raise NotFound(f"download node {name} at {self._host}: 404 Node not found")
        return path.write_bytes(self._hosts.content[name])


def _content(path: Path) -> bytes:
    return path.read_bytes()
