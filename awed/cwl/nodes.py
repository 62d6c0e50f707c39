"""The nodes of a run: what is uploaded, and what is read here.

Nodes of the server have one address whatever its address is for who asks, so that a runner which goes on elsewhere
makes the same tasks.
"""

import os
import re
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from awed.client import jobs as calls
from awed.client.blocking import Server, patiently
from awed.client.calls import Call, Request, Response, answer, data
from awed.client.outputs import fetch
from awed.model.errors import AwedError, NotFound
from awed.model.job import OWN_HOST
from awed.model.node import Node
from awed.model.tes import COLLECTION
from awed.model.times import NO_TIME
from awed.tx.files import md5_of

_NODE = re.compile(rf"(.+){COLLECTION}/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(\?download)?")


_MOST_EQUAL = 100
"""How many nodes with the same content are looked at."""


def is_node(url: str) -> bool:
    """Whether *url* is that of a node, at any data host."""
    return _NODE.fullmatch(url) is not None


class Nodes:
    """The nodes at *server*, and what was learnt of them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._uploaded: dict[tuple[str, int, int], str] = {}
        self._sizes: dict[str, int | None] = {}
        self._own: dict[str, bool] = {}

    @property
    def collection(self) -> str:
        """The address at which nodes are made."""
        return f"{OWN_HOST}{COLLECTION}"

    def common(self, url: str) -> str:
        """*url*; of a node of the server, the address that is the same for all."""
        match = _NODE.fullmatch(url)
        if match is None:
            return url
        host = OWN_HOST if self._is_own(match[1], match[2]) else match[1]
        return f"{host}{COLLECTION}/{match[2]}?download"

    def shown(self, url: str) -> str:
        """*url*, as :meth:`common` has it, for who reads the outputs of the run."""
        return self._reached(url).removesuffix("?download") if is_node(url) else url

    def size(self, url: str) -> int | None:
        """The bytes of the file of a node; None if there is no such file."""
        url = self.common(url)
        if url not in self._sizes:
            self._sizes[url] = self._size(url)
        return self._sizes[url]

    def piece(self, url: str, offset: int, length: int) -> bytes:
        """A part of the file of a node."""
        path = self._reached(url).removeprefix(self._server.url)
        if path.startswith("http"):
            raise OSError(f"{url} is not at {self._server.url}: its content is not known here")
        return self._server.persist(Call(Request("GET", f"{path}&seek={offset}&length={length}"), _content))

    def fetch(self, url: str, path: Path) -> None:
        """Download the file at *url* to *path*. A server that is away is waited for."""
        patiently(lambda: fetch(self._server, self._reached(url), path))

    def uploaded(self, path: str) -> str:
        """The address of a node with the content of the file at *path*: of one that there is already, if there is.

        Raises :class:`OSError`.
        """
        found = os.stat(path)
        key = (os.path.realpath(path), found.st_size, found.st_mtime_ns)
        if key not in self._uploaded:
            node_id = self._known(md5_of(Path(path)), found.st_size) or patiently(lambda: self._upload(path))
            self._uploaded[key] = f"{OWN_HOST}{COLLECTION}/{node_id}?download"
        return self._uploaded[key]

    def made(self, name: str, content: BinaryIO) -> str:
        """The address of a new node."""
        return f"{OWN_HOST}{COLLECTION}/{self._server.ask(calls.upload(name, content)).id}?download"

    def lasting(self, url: str) -> str:
        """*url*, as :meth:`common` has it; of a node that expires, that of a new one which has the same file."""
        match = _NODE.fullmatch(url)
        if match is None or not self._is_own(match[1], match[2]):
            return url
        call = Call(Request("GET", f"{COLLECTION}/{match[2]}"), data(Node))
        if self._server.persist(call).expiration == NO_TIME:
            return url
        return f"{OWN_HOST}{COLLECTION}/{self._server.ask(calls.copy_node(match[2])).id}?download"

    def _upload(self, path: str) -> str:
        with Path(path).open("rb") as file:
            return self._server.ask(calls.upload(Path(path).name, file)).id

    def _known(self, md5: str, size: int) -> str:
        """The id of the oldest node with such a file that does not expire, "" for none: the same one whenever it is
        asked for."""
        order = {"order": "created_on", "direction": "asc", "limit": _MOST_EQUAL}
        query = {"file.checksum.md5": md5, "file.size": size, **order}
        asked = Request("GET", f"/node?querynode&{urlencode(query)}")
        found = self._server.persist(Call(asked, data(list[Node])))
        return next((node.id for node in found if node.expiration == NO_TIME), "")

    def _size(self, url: str) -> int | None:
        reached = self._reached(url).removesuffix("?download")
        try:
            node = patiently(lambda: self._server.document(reached, Node))
        except NotFound:
            return None
        return node.file.size

    def _is_own(self, host: str, node_id: str) -> bool:
        """Whether a node is at the server, which may have another address for who named it."""
        if host in (OWN_HOST, self._server.url):
            return True
        if node_id not in self._own:
            try:
                self._server.persist(Call(Request("GET", f"{COLLECTION}/{node_id}"), data(Node)))
                self._own[node_id] = True
            except AwedError:
                self._own[node_id] = False
        return self._own[node_id]

    def _reached(self, url: str) -> str:
        """The address of a node for this program."""
        return self._server.url + url.removeprefix(OWN_HOST) if url.startswith(OWN_HOST) else url


def _content(response: Response) -> bytes:
    if response.status not in (200, 206):
        answer(response)
    return response.content
