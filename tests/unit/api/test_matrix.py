"""Every call by everybody: who may make it, and who is told 401."""

import re
from pathlib import Path

import msgspec
import pytest

from awed.api.assembly import RESOURCES
from awed.api.openapi import ROOT
from awed.model.ids import new_id
from awed.web.params import parse_query
from awed.web.routes import by_path
from tests.unit.api.served import Served, data

HEADERS = {
    "public": "",
    "stranger": "bob",
    "reader": "rob",
    "owner": "ann",
    "admin": "root",
    "worker": "group g",
    "other worker": "group h",
}
"""Everybody, and how :class:`~tests.unit.api.served.ByName` knows them. The job and the group ``g`` are the owner's;
the reader may read both; the worker has the token of ``g``."""

PEOPLE = {"public", "stranger", "reader", "owner", "admin"}
READERS = {"reader", "owner", "admin"}
OWNERS = {"owner", "admin"}
ADMINS = {"admin"}
AS_CLIENT = {"owner", "admin", "worker"}

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}
FINISHED = {"state": "completed", "info": {"name": "n"}, "tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}
UPLOAD = {"upload": msgspec.json.encode(JOB)}
IMPORT = {"import": msgspec.json.encode({**FINISHED, "id": new_id()})}
PROFILE = {"profile": b'{"id": "c2", "group": "g", "apps": ["*"]}'}

ABSENT = (
    *("Client not found", "no workunit found", "clientgroup not found"),
    "Clientgroup name in token does not match that in the client.",
)

Call = tuple[str, str, dict[str, bytes] | None, set[str]]

CALLS: list[Call] = [
    ("GET", "/", None, {*PEOPLE, "worker", "other worker"}),
    ("POST", "/job", UPLOAD, PEOPLE),
    ("POST", "/job", IMPORT, PEOPLE),
    ("POST", "/job?check", UPLOAD, PEOPLE),
    ("GET", "/job", None, PEOPLE),
    ("GET", "/job?active", None, PEOPLE),
    ("GET", "/job?distinct=name", None, PEOPLE),
    ("GET", "/job?explain", None, PEOPLE),
    ("PUT", "/job?resumeall", None, PEOPLE),
    ("PUT", "/job?recoverall", None, ADMINS),
    ("DELETE", "/job?suspend&full", None, PEOPLE),
    ("DELETE", "/job?zombie&full", None, PEOPLE),
    *(
        ("GET", f"/job/{{job}}{view}", None, READERS)
        for view in ("", "?report", "?perf", "?position", "?explain", "/acl", "/acl/read")
    ),
    *(
        ("PUT", f"/job/{{job}}?{operation}", None, OWNERS)
        for operation in (
            "suspend",
            "resume",
            "recover",
            "register",
            "recompute=0",
            "resubmit",
            "clientgroup=x",
            "pipeline=x",
            "priority=2",
            "expiration=1D",
            "settoken",
        )
    ),
    ("PUT", "/job/{job}/acl/read?users=bob", None, OWNERS),
    ("POST", "/job/{job}/acl/read?users=bob", None, OWNERS),
    ("DELETE", "/job/{job}/acl/read?users=ann", None, OWNERS),
    ("DELETE", "/job/{job}", None, OWNERS),
    ("DELETE", "/job/{job}?full", None, OWNERS),
    ("GET", "/work", None, PEOPLE),
    ("GET", "/work?query", None, PEOPLE),
    ("GET", "/work/{work}", None, READERS),
    ("GET", "/work/{work}?report=stdout", None, READERS),
    ("GET", "/work/{work}?explain", None, READERS),
    ("GET", "/work?client=c1", None, AS_CLIENT),
    ("GET", "/work/{work}?datatoken&client=c1", None, AS_CLIENT),
    ("GET", "/work/{work}?privateenv&client=c1", None, AS_CLIENT),
    ("GET", "/work/{work}?status=done&client=c1", None, AS_CLIENT),
    ("PUT", "/work/{work}?status=done&client=c1", None, AS_CLIENT),
    ("PUT", "/work?client=c1", None, AS_CLIENT),
    ("POST", "/client", PROFILE, AS_CLIENT),
    ("GET", "/client", None, PEOPLE),
    ("GET", "/client/c1", None, READERS),
    ("GET", "/client/c1?heartbeat", None, AS_CLIENT),
    ("PUT", "/client/c1?heartbeat", None, AS_CLIENT),
    ("PUT", "/client/c1?suspend", None, OWNERS),
    ("PUT", "/client/c1?resume", None, OWNERS),
    ("PUT", "/client/c1?subclients=1", None, OWNERS),
    ("PUT", "/client?suspendall", None, PEOPLE),
    ("PUT", "/client?resumeall", None, PEOPLE),
    ("DELETE", "/client/c1", None, AS_CLIENT),
    ("GET", "/queue", None, PEOPLE),
    ("GET", "/queue?json", None, PEOPLE),
    *(("GET", f"/queue?{view}", None, ADMINS) for view in ("job", "task", "work", "client")),
    ("GET", "/queue?clientgroup=g", None, READERS),
    ("PUT", "/queue?suspend", None, ADMINS),
    ("PUT", "/queue?resume", None, ADMINS),
    ("GET", "/metrics", None, PEOPLE),
    ("GET", "/events?since=0", None, PEOPLE),
    ("GET", "/events?stream", None, PEOPLE),
    ("GET", "/logger?event", None, PEOPLE),
    ("GET", "/logger?debug", None, PEOPLE),
    ("PUT", "/logger?debug=1", None, ADMINS),
    ("GET", "/cgroup", None, PEOPLE),
    ("POST", "/cgroup/new", None, PEOPLE),
    ("GET", "/cgroup/{group}", None, READERS),
    ("GET", "/cgroup/{group}/acl", None, READERS),
    ("GET", "/cgroup/{group}/acl/read", None, READERS),
    ("PUT", "/cgroup/{group}/token", None, OWNERS),
    ("PUT", "/cgroup/{group}/acl/execute?users=bob", None, OWNERS),
    ("POST", "/cgroup/{group}/acl/execute?users=bob", None, OWNERS),
    ("DELETE", "/cgroup/{group}/acl/all?users=ann", None, OWNERS),
    ("PUT", "/cgroup/{group}?open", None, ADMINS),
    ("PUT", "/cgroup/{group}?close", None, ADMINS),
    ("DELETE", "/cgroup/{group}", None, OWNERS),
]


@pytest.fixture
def names(served: Served) -> dict[str, str]:
    """A job that client ``c1`` of group ``g`` works at; all is the owner's."""
    group = data(served.call("POST", "/cgroup/g", user="ann"))["id"]
    job = served.submit(JOB, user="ann")["id"]
    for path in (f"/cgroup/{group}", f"/job/{job}"):
        served.call("PUT", f"{path}/acl/read?users=rob", user="ann")
    served.call("POST", "/client", {"profile": b'{"id": "c1", "group": "g", "apps": ["*"]}'}, user="ann")
    work = data(served.call("GET", "/work?client=c1", user="ann"))["wuid"]
    served.submit(JOB, user="ann")
    return {"group": group, "job": job, "work": work}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
def test_who_may_make_a_call(served: Served, names: dict[str, str], call: Call) -> None:
    """Those who may not come first, and change nothing."""
    method, path, files, allowed = call
    for who in sorted(HEADERS, key=allowed.__contains__):
        reply = served.call(method, path.format(**names), files, user=HEADERS[who])
        refused = reply.status in (401, 404) or any(text in reply.body.decode() for text in ABSENT)
        assert refused is (who not in allowed), who
        assert reply.status < 500, reply.body
        if method == "DELETE" and not refused:
            break  # for the others it is not there any more


ELSEWHERE = {"node", "preauth", "health", "ready", "openapi.json"}
"""Collections whose things have rights of their own, or which ask nobody who they are."""


def test_every_call_is_there() -> None:
    declared = {
        f"{method} {'' if name == ROOT else f'/{name}'}{path if name == ROOT else path.rstrip('/')}?{call.flag}"
        for name, collection in RESOURCES.items()
        for path, methods in by_path(collection.calls).items()
        for method, choice in methods.items()
        for call in choice
        if name not in ELSEWHERE and method != "HEAD"
    }
    assert {pattern for pattern in declared if not any(is_for(pattern, call) for call in CALLS)} == set()


def is_for(pattern: str, call: Call) -> bool:
    """Whether *call* is for the declared call of this *pattern*, if its path had no others."""
    route, _, flag = pattern.rpartition("?")
    path, _, query = call[1].partition("?")
    is_there = re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", route), f"{call[0]} {path}") is not None
    return is_there and (flag in parse_query(query.encode()) or not flag)


def test_lists_hold_what_the_caller_may_read(served: Served, names: dict[str, str]) -> None:
    for path in ("/job", "/job?active", "/job?query&state=in-progress", "/work", "/work?query", "/client", "/cgroup"):
        for who in PEOPLE:
            found = data(served.call("GET", path, user=HEADERS[who]))
            seen = [item for item in found if item["id"] in {*names.values(), "c1"}]
            assert bool(seen) is (who in READERS), (path, who)


def test_without_any_anonymous_right_nobody_is_public(tmp_path: Path) -> None:
    served = Served(tmp_path, anonymous=(), metrics_for="token")
    for method, path, files, _ in CALLS:
        if path != "/":
            shown = path.format(job=new_id(), work="a_b_0", group=new_id())
            assert served.call(method, shown, files).status == 401, path
