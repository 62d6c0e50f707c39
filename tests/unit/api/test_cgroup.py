"""``/cgroup``: who may do what with client groups, and their tokens."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.api.served import Served, data, fault

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}

CALLS = [("GET", ""), ("DELETE", ""), ("PUT", "/token"), ("GET", "/acl"), ("PUT", "/acl/read?users=x")]


def test_a_group_is_made_for_who_asks(served: Served) -> None:
    group = data(served.call("POST", "/cgroup/g.1", user="ann"))
    assert list(group) == ["id", "ip_cidr", "name", "token", "created_on", "expiration", "last_modified", "open"]
    assert (group["name"], group["token"], group["created_on"]) == ("g.1", "token-1", "2026-11-23T20:41:05Z")
    assert data(served.call("GET", f"/cgroup/{group['id']}", user="ann")) == group
    assert data(served.call("GET", f"/cgroup/{group['id']}/acl", user="ann")) == {
        "owner": "ann",
        "read": ["ann"],
        "write": ["ann"],
        "delete": ["ann"],
        "execute": ["ann"],
    }


@pytest.mark.parametrize("name", ["a%20b", "%C3%A4", "a%2Cb", "x" * 101])
def test_names(served: Served, name: str) -> None:
    assert fault(served.call("POST", f"/cgroup/{name}")).startswith("invalid clientgroup name: ")


def test_a_name_is_taken_once(served: Served) -> None:
    served.call("POST", "/cgroup/g")
    assert fault(served.call("POST", "/cgroup/g"), 409) == "clientgroup g exists already"


def test_the_token_is_shown_to_owner_and_admins(served: Served) -> None:
    group = data(served.call("POST", "/cgroup/g", user="ann"))
    path = f"/cgroup/{group['id']}"
    served.call("PUT", f"{path}/acl/all?users=bob", user="ann")
    assert data(served.call("GET", path, user="root"))["token"] == "token-1"
    assert data(served.call("GET", path, user="bob"))["token"] == ""
    assert data(served.call("GET", "/cgroup", user="bob"))[0]["token"] == ""
    assert served.call("PUT", f"{path}/token", user="bob").status == 401


def test_a_new_token_makes_the_old_one_void(served: Served) -> None:
    group = data(served.call("POST", "/cgroup/g", user="ann"))
    assert served.groups.group_of("token-1") == "g"
    assert data(served.call("PUT", f"/cgroup/{group['id']}/token", user="ann"))["token"] == "token-2"
    assert (served.groups.group_of("token-1"), served.groups.group_of("token-2")) == (None, "g")


def test_lists_are_pages_of_what_the_caller_may_read(served: Served) -> None:
    for name, user in [("a", "ann"), ("b", "ann"), ("c", "bob")]:
        served.call("POST", f"/cgroup/{name}", user=user)

    def names(query: str, user: str) -> list[str]:
        return [group["name"] for group in data(served.call("GET", f"/cgroup?{query}", user=user))]

    assert set(names("", "ann")) == {"a", "b"}
    assert names("order=name&direction=asc", "root") == ["a", "b", "c"]
    assert names("order=name&limit=1&offset=1", "root") == ["b"]
    assert names("", "") == []
    reply = served.call("GET", "/cgroup?limit=0", user="root")
    assert (reply.json["limit"], reply.json["offset"], reply.json["total_count"]) == (0, 0, 3)


def test_rights_to_a_group(served: Served) -> None:
    path = f"/cgroup/{data(served.call('POST', '/cgroup/g', user='ann'))['id']}"
    for method, tail in [
        ("GET", ""),
        ("DELETE", ""),
        ("PUT", "/token"),
        ("GET", "/acl"),
        ("PUT", "/acl/read?users=x"),
    ]:
        assert fault(served.call(method, path + tail, user="bob"), 404) == f"clientgroup not found: {path[8:]}"
    assert data(served.call("PUT", f"{path}/acl/execute?users=bob", user="ann"))["execute"] == ["ann", "bob"]
    assert data(served.call("DELETE", path, user="ann")) == f"clientgroup deleted: {path.rpartition('/')[2]}"
    assert served.call("GET", path, user="ann").status == 404
    assert served.groups.group_of("token-1") is None


def test_an_unknown_group(served: Served) -> None:
    for method, tail in [
        ("GET", ""),
        ("DELETE", ""),
        ("PUT", "/token"),
        ("GET", "/acl"),
        ("PUT", "/acl/read?users=x"),
    ]:
        assert fault(served.call(method, f"/cgroup/nothing{tail}"), 404) == "clientgroup not found: nothing"


def test_a_workers_group_is_made_and_everybodys(served: Served) -> None:
    served.register(id="c1", group="new")
    (group,) = data(served.call("GET", "/cgroup"))
    assert (group["name"], group["token"]) == ("new", "token-1")


def test_a_group_that_is_somebodys_takes_no_strangers(served: Served) -> None:
    group = data(served.call("POST", "/cgroup/g", user="ann"))
    profile = {"profile": b'{"id": "c1", "group": "g", "apps": ["*"]}'}
    assert fault(served.call("POST", "/client", profile), 401) == "User Unauthorized"
    assert served.call("POST", "/client", profile, user="group g").status == 200
    assert data(served.call("GET", "/client")) == []
    for method, path in [
        ("GET", "/client/c1"),
        ("GET", "/client/c1?heartbeat"),
        ("PUT", "/client/c1?suspend"),
        ("DELETE", "/client/c1"),
        ("GET", "/work?client=c1"),
    ]:
        assert fault(served.call(method, path, user="bob")) == "Client not found"
    assert fault(served.call("GET", "/queue?clientgroup=g", user="bob")) == "clientgroup not found: g"
    assert data(served.call("PUT", "/client?suspendall", user="bob")) == "0 clients suspended"
    assert data(served.call("GET", "/client", user="ann"))[0]["id"] == "c1"
    assert data(served.call("PUT", "/client?suspendall", user="ann")) == "1 clients suspended"
    served.call("PUT", f"/cgroup/{group['id']}/acl/execute?users=bob", user="ann")
    assert served.call("GET", "/client/c1?heartbeat", user="bob").status == 200


def test_whoever_makes_a_group_is_not_anybodys_worker(served: Served) -> None:
    """Private variables, data tokens and results of others are in the hands of who runs their work."""
    group = data(served.call("POST", "/cgroup/g", user="ann"))
    served.call("POST", "/client", {"profile": b'{"id": "c1", "group": "g", "apps": ["*"]}'}, user="group g")
    nothing = "No eligible workunit found"

    def check_out() -> Any:
        reply = served.call("GET", "/work?client=c1", user="group g")
        if reply.status != 200:
            return fault(reply)
        served.call("PUT", f"/work/{data(reply)['wuid']}?status=done&client=c1", user="group g")
        return data(reply)["jobid"]

    bobs = served.submit(JOB, user="bob")["id"]
    assert check_out() == nothing
    named = served.submit({**JOB, "info": {"clientgroups": "g"}}, user="bob")["id"]
    anns = served.submit(JOB, user="ann")["id"]
    assert {check_out(), check_out()} == {named, anns}
    assert check_out() == nothing
    for user in ("ann", "bob", "group g", ""):
        assert fault(served.call("PUT", f"/cgroup/{group['id']}?open", user=user), 401)
    assert data(served.call("PUT", f"/cgroup/{group['id']}?open", user="root"))["open"]
    assert check_out() == bobs
    publics = served.submit(JOB)["id"]
    assert not data(served.call("PUT", f"/cgroup/{group['id']}?close", user="root"))["open"]
    assert check_out() == nothing
    served.call("PUT", f"/cgroup/{group['id']}/acl/all?users=bob,public", user="ann")
    assert check_out() == nothing
    served.register(id="c2", group="new")
    assert data(served.call("GET", "/work?client=c2"))["jobid"] == publics
    shared = served.submit(JOB, user="bob")["id"]
    assert check_out() == shared
    served.submit(JOB, user="bob")
    served.call("DELETE", f"/cgroup/{group['id']}/acl/all?users=bob", user="ann")
    assert check_out() == nothing


def test_only_workers_with_tokens_where_the_server_says_so(tmp_path: Path) -> None:
    served = Served(tmp_path, client_auth_required=True)
    profile = {"profile": b'{"id": "c1", "group": "g", "apps": ["*"]}'}
    assert fault(served.call("POST", "/client", profile), 401) == "No Authorization"
    assert served.call("POST", "/client", profile, user="group g").status == 200


def test_the_workers_of_a_group_that_is_deleted_are_nobodys(served: Served) -> None:
    """Whoever makes a group of that name must not be them, nor hear of them."""
    group = data(served.call("POST", "/cgroup/g", user="ann"))["id"]
    profile = msgspec.json.encode({"id": "c1", "group": "g", "apps": ["*"]})
    data(served.call("POST", "/client", {"profile": profile}, user="ann"))
    document = {"info": {"clientgroups": "g"}, "tasks": [{"taskid": "t", "cmd": {"name": "x"}}]}
    served.submit(document, user="ann")
    work = data(served.call("GET", "/work?client=c1", user="ann"))["id"]
    data(served.call("DELETE", f"/cgroup/{group}", user="ann"))
    assert data(served.call("GET", f"/work/{work}", user="ann"))["state"] == "queued"
    served.clock.advance(1)
    data(served.call("POST", "/cgroup/g", user="bob"))
    assert data(served.call("GET", "/client", user="bob")) == []
    assert data(served.call("GET", "/events?since=0&kind=client", user="bob")) == []
    told = data(served.call("GET", "/events?since=0&kind=client", user="root"))
    assert [event["state"] for event in told] == ["active-idle", "removed"]
