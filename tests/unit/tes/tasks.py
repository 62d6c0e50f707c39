"""Tasks as clients send them, and what the service answers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from tests.unit.api.served import Served
from tests.unit.web.wire import Reply

BASE = "/ga4gh/tes/v1"

ECHO: dict[str, Any] = {"name": "echo", "executors": [{"image": "alpine", "command": ["echo", "hello"]}]}


def post(served: Served, task: object, base: str = BASE, user: str = "", **headers: str) -> Reply:
    """Submit a task."""
    body = task if isinstance(task, bytes) else msgspec.json.encode(task)
    head = {"Content-Type": "application/json", **headers}
    return served.call("POST", f"{base}/tasks", body=body, user=user, headers=head)


def create(served: Served, task: object, user: str = "") -> str:
    """The id of a task that is submitted."""
    reply = post(served, task, user=user)
    assert reply.status == 200, reply.body
    return str(reply.json["id"])


def get(served: Served, task_id: str, view: str = "MINIMAL", user: str = "") -> Any:
    """A task."""
    reply = served.call("GET", f"{BASE}/tasks/{task_id}?view={view}", user=user)
    assert reply.status == 200, reply.body
    return reply.json


def listed(served: Served, user: str = "", **query: Any) -> Any:
    """A page of tasks. A list in *query* is a parameter that is repeated."""
    reply = served.call("GET", f"{BASE}/tasks?{urlencode(query, doseq=True)}", user=user)
    assert reply.status == 200, reply.body
    return reply.json


def refused(reply: Reply, status: int = 400) -> str:
    """What a request is told that was refused."""
    assert (reply.status, sorted(reply.json)) == (status, ["message", "status"]), reply.body
    assert reply.json["status"] == status
    return str(reply.json["message"])


def run(served: Served, log: Mapping[str, object] | None = None, **report: Any) -> dict[str, Any]:
    """Have a worker take the next task, and report it; the workunit. *log*: what it tells of the run."""
    served.register(id="w", executors=True)
    unit: dict[str, Any] = served.call("GET", "/work?client=w").json["data"]
    query = urlencode({"client": "w", "status": "done", **report})
    parts = {} if log is None else {"tes": msgspec.json.encode(log)}
    assert served.call("PUT", f"/work/{unit['wuid']}?{query}", parts).status == 200
    return unit
