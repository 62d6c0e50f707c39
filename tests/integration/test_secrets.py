"""No secret appears in a log, the metrics, an error or a document."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import treq
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.task import deferLater
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import Site

from awed.auth.passwords import hash_password
from awed.auth.tokens import JobTokens, token_hash
from awed.model.access import Account
from awed.model.ids import new_id
from awed.model.records import Batch
from awed.model.times import NO_TIME
from awed.store.open import open_store
from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import job, shell, start

pytestmark = pytest.mark.slow

reactor: Any = global_reactor

CONFIG = """
[Args]
debuglevel = 3
[Auth]
globus_profile_url = http://127.0.0.1:1/profile
globus_token_url = http://127.0.0.1:1/token
"""
"""Everything is logged, and the identity server is away."""

PATHS = (
    *("/", "/job?limit=0", "/job?active", "/job?query&limit=0", "/job?distinct=user", "/job?verbosity=minimal"),
    *("/work", "/work?query&limit=0", "/client", "/queue", "/queue?json", "/node", "/node?query", "/metrics"),
    *("/queue?job", "/queue?task", "/queue?work", "/queue?client", "/queue?clientgroup=safe", "/logger?event"),
    *("/openapi.json", "/ready"),
)
"""What anybody may ask for."""


class Secrets:
    """Secrets by what they are, and what came to light elsewhere."""

    def __init__(self) -> None:
        self._known: list[tuple[str, str]] = []
        self.seen: list[tuple[str, str]] = []

    def new(self, name: str) -> str:
        """A new secret."""
        return self.keep(name, f"hush-{new_id()}")

    def keep(self, name: str, secret: str) -> str:
        """A secret that somebody else made."""
        assert len(secret) > 8
        self._known.append((name, secret))
        return secret

    def basic(self, user: str, password: str) -> str:
        """What Basic authentication makes of a password."""
        return self.keep(f"the password of {user}, packed", b64encode(f"{user}:{password}".encode()).decode())

    def found(self) -> Iterator[str]:
        """Which secret was seen where."""
        for name, secret in self._known:
            yield from (f"{name} in {place}" for place, text in self.seen if secret in text)


class Scene:
    """A daemon, the secrets of those who use it, and what they are told. *name*: of a user, a group, and
    the format of the logs."""

    def __init__(self, daemon: Daemon, secrets: Secrets, name: str) -> None:
        self.daemon = daemon
        self.secrets = secrets
        self.name = name
        self._headers: dict[str, dict[str, str]] = {"": {}}
        """By who asks."""

    @property
    def admin_token(self) -> str:
        return (self.daemon.data / "admin-token").read_text().strip()

    def introduce(self, who: str, authorization: str) -> None:
        """Somebody may ask from now on."""
        self._headers[who] = {"Authorization": authorization}

    async def ask(self, who: str, method: str, path: str, **parameters: Any) -> str:
        """A request whose answer must not hold a secret: its body."""
        response = await self._answer(who, method, path, **parameters)
        body: str = await response.text()
        heads = repr(list(response.headers.getAllRawHeaders()))
        self.secrets.seen.append((f"{method} {path} for {who}, {response.code}", heads + body))
        return body

    async def told(self, who: str, method: str, path: str, **parameters: Any) -> Any:
        """The data of an answer that may hold a secret."""
        return (await (await self._answer(who, method, path, **parameters)).json())["data"]

    async def visit(self, method: str, path: str) -> None:
        """A stranger's request at a path that is a secret, whatever comes."""
        await (await self._answer("", method, path)).content()

    async def _answer(
        self, who: str, method: str, path: str, headers: Mapping[str, str] = {}, **parameters: Any
    ) -> Any:
        url = self.daemon.url + path
        head = Headers({name: [text] for name, text in {**headers, **self._headers[who]}.items()})
        return await treq.request(method, url, headers=head, persistent=False, **parameters)


def upload(document: object, name: str = "upload") -> dict[str, Any]:
    """A form with a document."""
    return {name: ("job.json", json.dumps(document).encode())}


async def account(data: Path, name: str, token: str, password: str) -> None:
    """Let the daemon of this directory know a user."""
    store = open_store(f"sqlite:{data / 'awed.sqlite'}", reactor)
    await store.open()
    await store.commit(Batch(accounts=[Account(name, False, token_hash(token), hash_password(password), NO_TIME)]))
    await store.close()


@ensureDeferred
async def test_no_secret_comes_out(stage: Stage) -> None:
    (stage.folder / "awed.conf").write_text(CONFIG)
    secrets = Secrets()
    no_shock = _NoShock()  # type: ignore[no-untyped-call]
    port = reactor.listenTCP(0, Site(no_shock), interface="127.0.0.1")
    far = f"http://127.0.0.1:{port.getHost().port}"
    for form in ("json", "text"):
        daemon = stage.daemon("--config", "awed.conf", "--log-format", form)
        await daemon.start()
        await _play(Scene(daemon, secrets, form), far)
        assert await daemon.stop() == 0
        secrets.seen.append((f"the log as {form}", daemon.program.output))
        assert "commit of" in daemon.program.output
    await port.stopListening()
    secrets.seen += [(path.name, path.read_text()) for path in (stage.folder / "data" / "logs").iterdir()]
    assert len(secrets.seen) > 200
    assert list(secrets.found()) == []


class _NoShock(Resource):
    """A data host that gives no sensible answer."""

    isLeaf = True

    def render(self, request: object) -> bytes:
        return b"<html>"


async def _play(scene: Scene, far: str) -> None:
    """What users, workers and strangers do with secrets, and then everything that anybody may see."""
    secrets, name = scene.secrets, scene.name
    password, token = secrets.new("a password"), secrets.new("a user's token")
    await account(scene.daemon.data, name, token, password)
    scene.introduce("user", f"bearer {token}")
    scene.introduce("basic", f"basic {secrets.basic(name, password)}")
    secrets.keep("the administrator's token", scene.admin_token)
    scene.introduce("admin", f"bearer {scene.admin_token}")
    scene.introduce("stranger", f"bearer {secrets.new('an unknown token')}")
    scene.introduce("guesser", f"basic {secrets.basic(name, secrets.new('a wrong password'))}")
    scene.introduce("garbled", secrets.new("a token without a word"))
    scene.introduce("globus", f"oauth {secrets.new('a token for the identity server')}")
    group = await scene.told("user", "POST", f"/cgroup/{name}")
    group = await scene.told("user", "PUT", f"/cgroup/{group['id']}/token")
    node = await scene.told("user", "POST", "/node")
    await scene.told("user", "PUT", f"/node/{node['id']}", files={"upload": ("f", b"x")})
    address = (await scene.told("user", "GET", f"/node/{node['id']}?download_url"))["url"]
    secret = secrets.keep("an address of a file", address.rpartition("/")[2])
    for method in ("HEAD", "GET", "GET"):
        await scene.visit(method, f"/preauth/{secret}")
    jobs = await _jobs(scene, group["token"], far)
    await _refusals(scene)
    for who in ("basic", "guesser", "globus"):
        await scene.ask(who, "GET", "/job")
    for who in ("", "user", "admin"):
        for path in (*PATHS, *(f"/job/{found}{view}" for found in jobs for view in ("", "?report", "?perf"))):
            await scene.ask(who, "GET", path)
    for who in ("", "stranger"):
        for path in ("/cgroup", f"/cgroup/{group['id']}", f"/cgroup/{group['id']}/acl"):
            await scene.ask(who, "GET", path)


async def _jobs(scene: Scene, token: str, far: str) -> list[str]:
    """Jobs with secrets that a worker runs, one well and one not, and one whose data host *far* is none: their ids.

    *token*: of the group.
    """
    secrets, name, daemon = scene.secrets, scene.name, scene.daemon
    private = {"environ": {"private": {"KEY": secrets.new("a private variable")}}}
    data_token = {"Datatoken": secrets.new("a data token")}
    (daemon.stage.folder / f"{name}.token").write_text(secrets.keep("a group's token", token))
    scripts = ('test -n "$KEY" && touch out', "exit 1")
    well, badly = (shell(script, outputs=[{"filename": "out"}]) for script in scripts)
    for task in (well, badly):
        task["cmd"] |= private
    lost = {"cmd": {"name": "cat"}, "inputs": [{"filename": "in", "host": far, "node": new_id()}]}
    found = []
    for task, headers in ((well, {}), (badly, data_token), (lost, data_token)):
        document = upload(job(task, noretry=True, clientgroups=name))
        answer = await scene.ask("user", "POST", "/job", files=document, headers=headers)
        found.append(json.loads(answer)["data"]["id"])
    secrets.keep("a job's own token", JobTokens(scene.admin_token, lambda job_id: None).make(found[0]))
    worker = start(daemon, name, "--group", name, "--token-file", f"{name}.token", "--log-format", name)
    for one, state in zip(found, ("completed", "suspend"), strict=False):
        while (await scene.told("user", "GET", f"/job/{one}"))["state"] != state:
            await deferLater(reactor, 0.05)
    await daemon.program.said(rf"{found[2]}.*next try at")
    new = {"Datatoken": secrets.new("a new data token")}
    await scene.ask("user", "PUT", f"/job/{found[1]}?settoken", headers=new)
    worker.signal("TERM")
    await worker.ended()
    secrets.seen.append((f"the log of worker {name}", worker.output))
    return found


async def _refusals(scene: Scene) -> None:
    """Requests that are wrong, each in a part that is a secret or stands beside one."""

    def document(private: object) -> dict[str, Any]:
        return upload(job({"cmd": {"name": "true", "environ": {"private": private}}}))

    def wrong(what: str) -> str:
        return scene.secrets.new(f"a secret in {what}")

    token = {"Datatoken": wrong("a header")}
    broken = json.dumps({"tasks": [{"cmd": {"environ": {"private": {"K": wrong("broken JSON")}}}}]})
    finished = {**job({"cmd": {"name": "true", "environ": {"private": {"K": wrong("an import")}}}}), "id": new_id()}
    work = f"{new_id()}_0_0"
    for method, path, form in (
        ("POST", "/job", document(wrong("place of a table"))),
        ("POST", "/job", document([wrong("a list")])),
        ("POST", "/job", document({"K": [wrong("a list of values")]})),
        ("POST", "/job", document({f"K={wrong('a name')}": ""})),
        ("POST", "/job", document({"K": wrong("a value that no environment can hold") + "\0"})),
        ("POST", "/job", {"upload": ("job.json", broken[:-9].encode())}),
        ("POST", "/job", upload({**finished, "state": "init"}, "import")),
        ("POST", "/job", upload({**finished, "state": "completed"}, "import")),
        ("POST", "/client", upload({"group": "other", "token": wrong("a profile")}, "profile")),
        ("PUT", f"/job/{new_id()}?settoken", None),
        ("GET", f"/work/{work}?datatoken&client=c&token={wrong('a query')}", None),
        ("GET", f"/work?client=c&token={wrong('the query of a checkout')}", None),
        ("PUT", f"/work/{work}?status=done&client=c", upload({"K": wrong("a performance record")}, "perf")),
    ):
        for who in ("user", "", "garbled"):
            await scene.ask(who, method, path, headers=token, files=form)
