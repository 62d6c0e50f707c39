"""The table of all calls and of who may make them, and the test of each entry on a store."""

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from awed.api.client import OTHER_GROUP
from awed.model.access import User
from awed.model.hook import Hook
from awed.model.ids import new_id
from awed.store.interface import IStore
from tests.unit.api.served import Served, data
from tests.unit.web.wire import Reply

ACTORS = {
    "anonymous": "",
    "foreign page": "",
    "user": "ann",
    "other user": "bob",
    "owner": "dora",
    "maker": "mia",
    "reader": "rob",
    "worker": "group {g}",
    "worker of another": "group {o}",
    "job token": "bearer {token}",
    "runner": "bearer {runner}",
    "admin": "root",
}
"""Everybody, and how :class:`~tests.unit.api.served.ByName` knows them.

The *user* submitted the job, gave it to its *owner* and has no right to it any more; the node that it names is the
*user*'s. The *maker* made the group ``g``, whose *worker* runs the job; the *worker of another* is of a group that an
administrator opened. The *reader* may read job, node and group. The *runner* is that of a run of the *owner*, which
has a ``step``.
"""

FOREIGN = {"Origin": "https://elsewhere.example"}


class Row(NamedTuple):
    """A call, with its parts of a form, and what becomes of it for each of :data:`ACTORS`, in their order:

    ``+``: they may. ``-``: they are refused, whether there is such a thing or not. ``0``: they are told the same as
    if it were not there. ``!``: they are refused, and may know that it is there.
    """

    marks: str
    method: str
    path: str
    files: dict[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}{''.join(f' {name}' for name in self.files or ())}"

    def by_actor(self) -> dict[str, str]:
        return dict(zip(ACTORS, self.marks.replace(" ", ""), strict=True))

    @property
    def removes(self) -> bool:
        """Whether nobody can make the call once more for the same things."""
        return self.method == "DELETE" or "acl/owner" in self.path or "{new}" in self.path

    @property
    def changes(self) -> bool:
        """Whether things are not the same after it."""
        return self.method != "GET" or "client={client}" in self.path


JOB = json.dumps({"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]})
STEP = '{"info": {"parent": "$run"}, "tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}'
UPLOAD = {"upload": JOB}
IMPORT = {"import": '{"id": "$new_id", "state": "completed", "tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}'}
PROFILE = {"profile": '{"id": "$client", "group": "$g", "apps": ["*"]}'}

REFUSED = (OTHER_GROUP, "Invalid authorization header or content", "has ended, or there is none")
"""Of what is refused with status 400."""

TABLE = [
    # anonymous, foreign page | user, other user, owner, maker, reader | worker, of another, job token, runner | admin
    Row("++ +++++ ++++ +", "GET", "/"),
    Row("+- +++++ ---- +", "POST", "/job", UPLOAD),
    Row("-- --+-- ---+ +", "POST", "/job?as=step", {"upload": STEP}),
    Row("+- +++++ ---- +", "POST", "/job?check", UPLOAD),
    Row("+- +++++ ---- +", "POST", "/job", IMPORT),
    Row("+- +++++ ---+ +", "GET", "/job"),
    Row("+- +++++ ---+ +", "GET", "/job?active"),
    Row("+- +++++ ---- +", "GET", "/job?distinct=name"),
    Row("+- +++++ ---- +", "GET", "/job?explain"),
    Row("+- +++++ ---- +", "PUT", "/job?resumeall"),
    Row("-- ----- ---- +", "PUT", "/job?recoverall"),
    Row("+- +++++ ---- +", "DELETE", "/job?suspend&full"),
    Row("+- +++++ ---- +", "DELETE", "/job?zombie&full"),
    *(Row("0- 00+0+ ---0 +", "GET", f"/job/{{job}}{view}") for view in ("", "?report", "?perf", "?explain")),
    *(Row("0- 00+0+ ---- +", "GET", f"/job/{{job}}{view}") for view in ("?crate", "?position", "/acl", "/acl/read")),
    *(
        Row("0- 00+0! ---- +", "PUT", f"/job/{{job}}?{operation}")
        for operation in (
            *("resume", "recover", "register", "recompute=0", "resubmit", "clientgroup=x", "pipeline=x"),
            *("priority=2", "expiration=1D", "settoken"),
        )
    ),
    Row("0- 00+0! ---0 +", "PUT", "/job/{job}?suspend"),
    Row("0- 00+0! ---- +", "PUT", "/job/{job}/acl/read?users=rob"),
    Row("0- 00+0! ---- +", "POST", "/job/{job}/acl/read?users=rob"),
    Row("0- 00+0+ ---- +", "DELETE", "/job/{job}/acl/read?users=rob"),
    Row("0- 00+0! ---- +", "DELETE", "/job/{job}/acl/read?users=bob"),
    Row("0- 00+0! ---- +", "PUT", "/job/{job}/acl/owner?users=bob"),
    Row("0- 00+0! ---0 +", "DELETE", "/job/{job}"),
    Row("0- 00+0! ---0 +", "DELETE", "/job/{job}?full"),
    *(Row("0- 00+00 ---+ +", "GET", f"/job/{{step}}{view}") for view in ("", "?report", "?perf", "?explain")),
    *(Row("0- 00+00 ---- +", "GET", f"/job/{{step}}{view}") for view in ("?position", "/acl")),
    Row("0- 00+00 ---+ +", "PUT", "/job/{step}?suspend"),
    Row("0- 00+00 ---- +", "PUT", "/job/{step}?priority=2"),
    Row("0- 00+00 ---- +", "PUT", "/job/{step}/acl/read?users=rob"),
    Row("0- 00+00 ---+ +", "DELETE", "/job/{step}"),
    Row("0- 00+00 ---0 +", "GET", "/job/{run}"),
    Row("+- +++++ ---- +", "GET", "/work"),
    Row("+- +++++ ---- +", "GET", "/work?query"),
    Row("0- 00+0+ ---- +", "GET", "/work/{work}"),
    Row("0- 00+0+ ---- +", "GET", "/work/{work}?report=stdout"),
    Row("0- 00+0+ ---- +", "GET", "/work/{work}?explain"),
    Row("0- 00+0+ ---- +", "GET", "/work/{work}/log"),
    # anonymous, foreign page | user, other user, owner, maker, reader | worker, of another, job token, runner | admin
    Row("0- 000+! +0-- +", "GET", "/work?client={client}"),
    Row("0- 000+! +0-- +", "GET", "/work/{work}?datatoken&client={client}"),
    Row("0- 000+! +0-- +", "GET", "/work/{work}?privateenv&client={client}"),
    Row("0- 000+! +0-- +", "GET", "/work/{work}?status=done&client={client}"),
    Row("0- 000+! +0-- +", "PUT", "/work/{work}?status=done&client={client}"),
    Row("0- 000+! +0-- +", "PUT", "/work?client={client}"),
    Row("0- 000+! +0-- +", "PUT", "/work?log&client={client}"),
    Row("-- ---+- +--- +", "POST", "/client", PROFILE),
    Row("+- +++++ ---- +", "GET", "/client"),
    Row("0- 000++ ---- +", "GET", "/client/{client}"),
    Row("0- 000+! +0-- +", "GET", "/client/{client}?heartbeat"),
    Row("0- 000+! +0-- +", "PUT", "/client/{client}?heartbeat"),
    Row("0- 000+! ---- +", "PUT", "/client/{client}?suspend"),
    Row("0- 000+! ---- +", "PUT", "/client/{client}?resume"),
    Row("0- 000+! ---- +", "PUT", "/client/{client}?subclients=1"),
    Row("+- +++++ ---- +", "PUT", "/client?suspendall"),
    Row("+- +++++ ---- +", "PUT", "/client?resumeall"),
    Row("0- 000+! +0-- +", "DELETE", "/client/{client}"),
    # anonymous, foreign page | user, other user, owner, maker, reader | worker, of another, job token, runner | admin
    Row("+- +++++ ---- +", "GET", "/queue"),
    Row("+- +++++ ---- +", "GET", "/queue?json"),
    *(Row("-- ----- ---- +", "GET", f"/queue?{view}") for view in ("job", "task", "work", "client", "else")),
    Row("0- 000++ ---- +", "GET", "/queue?clientgroup={g}"),
    Row("-- ----- ---- +", "PUT", "/queue?suspend"),
    Row("-- ----- ---- +", "PUT", "/queue?resume"),
    Row("+- +++++ ---- +", "GET", "/metrics"),
    Row("+- +++++ ---+ +", "GET", "/events?since=0"),
    Row("+- +++++ ---+ +", "GET", "/events?stream"),
    Row("+- +++++ ---- +", "POST", "/hook"),
    Row("+- +++++ ---- +", "GET", "/hook"),
    Row("0- 00+00 ---- +", "GET", "/hook/{hook}"),
    Row("0- 00+00 ---- +", "DELETE", "/hook/{hook}"),
    Row("+- +++++ ---- +", "GET", "/logger?event"),
    Row("+- +++++ ---- +", "GET", "/logger?debug"),
    Row("-- ----- ---- +", "PUT", "/logger?debug=1"),
    Row("+- +++++ ---- +", "GET", "/cgroup"),
    Row("+- +++++ ---- +", "POST", "/cgroup/{new}"),
    *(Row("0- 000++ ---- +", "GET", f"/cgroup/{{group}}{view}") for view in ("", "/acl", "/acl/read")),
    Row("0- 000+! ---- +", "PUT", "/cgroup/{group}/token"),
    Row("-- ----- ---- +", "PUT", "/cgroup/{group}?open"),
    Row("-- ----- ---- +", "PUT", "/cgroup/{group}?close"),
    Row("0- 000+! ---- +", "PUT", "/cgroup/{group}/acl/execute?users=ann"),
    Row("0- 000+! ---- +", "POST", "/cgroup/{group}/acl/execute?users=ann"),
    Row("0- 000++ ---- +", "DELETE", "/cgroup/{group}/acl/all?users=rob"),
    Row("0- 000+! ---- +", "DELETE", "/cgroup/{group}"),
    # anonymous, foreign page | user, other user, owner, maker, reader | worker, of another, job token, runner | admin
    Row("+- +++++ --++ +", "POST", "/node", {"upload": "text"}),
    *(Row("+- +++++ --++ +", "GET", f"/node{view}") for view in ("", "?distinct=format")),
    Row("+- +++++ ---- +", "GET", "/node?download_url"),
    *(
        Row("0- +000+ --+0 +", "GET", f"/node/{{node}}{view}")
        for view in ("", "?download", "?download_raw", "/index/line", "/acl", "/acl/read")
    ),
    Row("0- +000+ ---- +", "GET", "/node/{node}?download_url"),
    Row("0- 00000 --00 0", "GET", "/node/{node}?download_post"),  # not supported
    Row("0- 00000 --00 0", "GET", "/node/{node}?filter"),
    Row("0- +000+ --+0 +", "PUT", "/node/{node}/index/line"),
    Row("0- +000! --+0 +", "PUT", "/node/{node}", {"attributes": "{}"}),
    Row("0- +000! --+0 +", "PUT", "/node/{node}/index/own?upload", {"upload": "text"}),
    Row("0- +000! --+0 +", "PUT", "/node/{node}/index/subset?upload", {"upload": "text"}),
    Row("0- +000! --+0 +", "PUT", "/node/{node}/index/subset"),
    Row("0- +000! --+0 +", "DELETE", "/node/{node}/index/line"),
    Row("0- +000! --!0 +", "PUT", "/node/{node}/acl/read?users=rob"),
    Row("0- +000! --!0 +", "POST", "/node/{node}/acl/read?users=rob"),
    Row("0- +000+ --!0 +", "DELETE", "/node/{node}/acl/read?users=rob"),
    Row("0- +000! --!0 +", "DELETE", "/node/{node}"),
    *(Row("++ +++++ ++++ +", "GET", path) for path in ("/preauth/unknown", "/health", "/ready", "/openapi.json")),
]


class Trial:
    """Asks for everybody, with an API over *store*, which is open."""

    def __init__(self, folder: Path, store: IStore) -> None:
        self.served = Served(folder, store=store)
        self._numbers = count(1)

    async def rows(self, *, changes: bool = True) -> dict[str, str]:
        """What becomes of each call of the table. Without *changes*, of those that would change something it is only
        tried who may not make them."""
        await self.served.started()
        things = await self.things()
        found = {}
        for row in sorted(TABLE, key=lambda row: row.changes):
            if row.changes and changes:
                things = await self.things()
            found[str(row)] = await self.marks(row, things, tries_all=changes or not row.changes)
        return found

    async def things(self) -> dict[str, str]:
        """Names and ids of new ones, see :data:`ACTORS`."""
        number = next(self._numbers)
        await self._done("PUT", "/queue?resume", user="root")
        g, o, client = f"g{number}", f"o{number}", f"c{number}"
        group = (await self._done("POST", f"/cgroup/{g}", user="mia"))["id"]
        await self._done("PUT", f"/cgroup/{group}/acl/read?users=rob", user="mia")
        opened = (await self._done("POST", f"/cgroup/{o}", user="pat"))["id"]
        await self._done("PUT", f"/cgroup/{opened}?open", user="root")
        node = (await self._done("POST", "/node", {"upload": "text"}, user="ann"))["id"]
        await self._done("PUT", f"/node/{node}/acl/read?users=rob", user="ann")
        source = {"filename": "in", "host": "http://awe.example:8001", "node": node}
        task = {"taskid": "0", "cmd": {"name": "true"}, "inputs": [source]}
        document = {"upload": json.dumps({"info": {"clientgroups": g}, "tasks": [task]})}
        job = (await self._done("POST", "/job", document, user="ann"))["id"]
        await self._done("PUT", f"/job/{job}/acl/owner?users=dora", user="ann")
        await self._done("PUT", f"/job/{job}/acl/owner?users=dora", user="dora")
        await self._done("DELETE", f"/job/{job}/acl/all?users=ann", user="dora")
        await self._done("PUT", f"/job/{job}/acl/read?users=rob", user="dora")
        for name, of in ((client, g), (f"other{number}", o)):
            profile = {"profile": json.dumps({"id": name, "group": of, "apps": ["*"]})}
            await self._done("POST", "/client", profile, user=f"group {of}")
        work = (await self._done("GET", f"/work?client={client}&wait=60", user=f"group {g}"))["wuid"]
        hook = new_id()
        doras = Hook(hook, "https://example.org/", ["client"], "secret", "dora")
        await self.served.hooks.add(doras, User("dora", admin=True))
        token = self.served.job_tokens.make(job)
        run = (await self._done("POST", "/job", UPLOAD, user="dora"))["id"]
        step = (await self._done("POST", "/job", {"upload": Template(STEP).substitute(run=run)}, user="dora"))["id"]
        return {
            **{"g": g, "o": o, "client": client, "group": group, "node": node, "job": job, "work": work},
            **{"token": token, "other": f"other{number}", "new": f"new{number}", "new_id": new_id()},
            **{"hook": hook, "run": run, "step": step, "runner": self.served.run_tokens.make(run, "dora")},
        }

    async def _done(self, method: str, path: str, files: Mapping[str, str] | None = None, *, user: str) -> Any:
        return data(await self.served.ask(method, path, files, user=user))

    async def ask(self, actor: str, row: Row, things: Mapping[str, str], user: Mapping[str, str]) -> Reply:
        """What *actor* is answered, whose own group or job is among those of *user*."""
        files = row.files and {name: Template(text).safe_substitute(things) for name, text in row.files.items()}
        return await self.served.ask(
            row.method,
            row.path.format(**things),
            files,
            user=ACTORS[actor].format(**user),
            headers=FOREIGN if actor == "foreign page" else None,
        )

    async def marks(self, row: Row, things: Mapping[str, str], *, tries_all: bool) -> str:
        """What becomes of a call for each actor. Those come first who may not, and should change nothing."""
        found, expected = {}, row.by_actor()
        for actor in sorted(ACTORS, key=lambda actor: expected[actor] == "+"):
            may = expected[actor] == "+"
            if may and row.removes and tries_all:
                things = await self.things()
            found[actor] = await self.mark(actor, row, things) if tries_all or not may else "+"
        marks = "".join(found[actor] for actor in ACTORS)
        return f"{marks[:2]} {marks[2:7]} {marks[7:11]} {marks[11:]}"

    async def mark(self, actor: str, row: Row, things: Mapping[str, str]) -> str:
        """What becomes of a call for *actor*, as a mark of a row."""
        reply = await self.ask(actor, row, things, things)
        assert reply.status < 500, reply.body
        refused = reply.status == 401 or any(text in reply.body.decode() for text in REFUSED)
        if "{" not in row.path:
            return "-" if refused else "+"
        job, others = new_id(), {name: new_id() for name in ("group", "node", "client", "g", "hook", "run", "step")}
        gone = {**things, **others, "job": job, "work": f"{job}_0_0"}
        alike = _told(reply, things) == _told(await self.ask(actor, row, gone, things), gone)
        if refused:
            return "-" if alike else "!"
        return "0" if alike and reply.status >= 400 else "+"


def _told(reply: Reply, things: Mapping[str, str]) -> tuple[int, str]:
    """An answer with the names of things in place of what they are called."""
    body = reply.body.decode()
    for name, text in sorted(things.items(), key=lambda item: -len(item[1])):
        body = body.replace(text, name)
    return reply.status, body
