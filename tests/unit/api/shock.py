"""The node API on a store in memory, over the wire."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from awed.api.assembly import make_root
from awed.auth.chain import Authenticators
from awed.model.access import User, Verb
from awed.model.errors import UnknownCredentials
from awed.nodes.addresses import Addresses
from awed.tx.threads import InThread
from awed.web.body import Bodies, requests_with
from awed.web.form import Spool
from tests.unit.api.served import Served
from tests.unit.nodes.world import World
from tests.unit.web.traversal import at_once
from tests.unit.web.wire import Reply, call

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
ALICE = {"Authorization": "alice"}
BOB = {"Authorization": "bob"}
Fields = dict[str, str | tuple[str, bytes]]
Headers = dict[str, str]


class ByHeader(Authenticators):
    """Takes the whole header for a name."""

    async def user(self, header: str | None, verb: Verb, **more: object) -> User:
        if header == "nonsense":
            raise UnknownCredentials
        return User(header) if header else User()


class Shock:
    """The node API on a store in memory. ``Authorization: NAME`` is taken for the user of that name."""

    def __init__(self, directory: Path, in_thread: InThread = at_once) -> None:
        self.world = World(directory, in_thread)
        secrets = (f"{number:020}" for number in count(1))
        self.addresses = Addresses(self.world.files, self.world.store, at_once, self.world.now, lambda: next(secrets))
        self.context = replace(
            Served(directory).context,
            nodes=self.world.store,
            addresses=self.addresses,
            file_users=ByHeader([], ()),
            now=self.world.now,
        )
        self.root = make_root(self.context)
        self.requests = requests_with(Bodies(Spool(self.world.files.temporary, at_once)), self.root.traits)

    def call(self, method: str, path: str, body: bytes = b"", headers: Headers | None = None) -> Reply:
        return call(self.root, method, path, headers, body, request_factory=self.requests)

    def form(self, method: str, path: str, fields: Fields, headers: Headers | None = None) -> Reply:
        return self.call(method, path, encode(fields), FORM | (headers or {}))

    def node(self, method: str, path: str, fields: Fields, headers: Headers | None = None) -> Any:
        reply = self.form(method, path, fields, headers)
        assert reply.json["error"] is None
        assert reply.status == reply.json["status"] == 200
        return reply.json["data"]


def encode(fields: Fields) -> bytes:
    body = b""
    for name, value in fields.items():
        filename, data = (None, value.encode()) if isinstance(value, str) else value
        file = f'; filename="{filename}"' if filename is not None else ""
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--b--\r\n"


def error(reply: Reply) -> tuple[int, str]:
    assert reply.json["data"] is None
    assert reply.json["status"] == reply.status
    return reply.status, reply.json["error"][0]
