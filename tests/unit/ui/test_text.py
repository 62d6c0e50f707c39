"""What people and workers write is text on every page: no markup, no script, no address but of the web."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from awed.ui.job import TABS
from tests.unit.api.served import Served, data

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u202e"

PAGES = (
    "",
    "?q={q}",
    "?q=worker:{q}",
    "?sort={q}",
    "workers",
    "queue",
    "farm",
    "farm?hours={q}",
    "api",
    "api?of={q}",
    "login?then={q}",
    "submit",
    *(f"job/{{job}}?tab={tab}" for tab in TABS),
    *(f"job/{{job}}/task/{{task}}?tab={tab}" for tab in TABS),
    "job/{job}/task/{q}",
    "job/{q}",
)


class Looked(HTMLParser):
    """Notes what a browser would run or follow."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.faults.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action", "formaction", "data-source") and not _is_known(value or ""):
                self.faults.append(f"{tag} {name}={value}")
        if tag in ("img", "iframe", "base", "object") or (tag == "script" and "src" not in dict(attrs)):
            self.faults.append(tag)


def _is_known(address: str) -> bool:
    return not re.match(r"\s*[a-z+.-]+:", address, re.IGNORECASE) or address.startswith(("http://", "https://"))


def filled(served: Served) -> str:
    """The id of a job, all whose texts are evil, that failed at a worker of the same kind."""
    task = {
        "taskid": "t'\">",
        "cmd": {"name": EVIL, "args": EVIL, "description": EVIL, "environ": {"public": {"X": EVIL}}},
        "inputs": [{"filename": "in<b>", "url": 'http://x/"><script>alert(1)</script>'}],
        "outputs": [{"filename": "out<script>alert(1)<"}],
        "userattr": {EVIL: EVIL},
        "resources": {"cores": 1},
    }
    info = dict.fromkeys(("name", "project", "pipeline", "service", "user", "description", "xref"), EVIL)
    job = served.submit({"info": dict(info, noretry=True), "tasks": [task]})
    worker = dict.fromkeys(("name", "host", "hostname", "domain", "instance_type", "version", "user"), EVIL)
    profile: dict[str, object] = {
        **worker,
        "id": "c1",
        "apps": ["*"],
        "resources": {"cores": 2},
        "current_work": {EVIL: True, "a_b_0": True},
    }
    served.call("POST", "/client", {"profile": msgspec.json.encode(profile)})
    return str(job["id"])


@pytest.mark.parametrize("runs", [False, True])
def test_nothing_that_somebody_wrote_is_markup_or_a_script(served: Served, runs: bool) -> None:
    job = filled(served)
    if runs:
        unit = data(served.call("GET", "/work?client=c1"))["id"]
        logs = dict.fromkeys(("stdout", "stderr", "worknotes"), EVIL)
        sent: dict[str, str | bytes] = {**logs, "perf": msgspec.json.encode({"client_id": EVIL, "max_mem_usage": 5})}
        assert served.call("PUT", f"/work/{unit}?client=c1&status=fail&cause=exit&exitstatus=1", sent).status == 200
    (task,) = (one["taskid"] for one in data(served.call("GET", f"/job/{job}"))["tasks"])
    name = task.partition("_")[2]
    quoted = {"job": job, "task": _quoted(name), "q": _quoted(EVIL)}
    found, shown = dict[str, list[str]](), set[str]()
    for page in PAGES:
        reply = served.call("GET", f"/ui/{page.format(**quoted)}")
        assert reply.status in (200, 400, 404), page
        looked = Looked()
        looked.feed(reply.body.decode())
        if b"&lt;script&gt;alert" in reply.body:
            shown.add(page)
        if looked.faults or b"<script>alert" in reply.body:
            found[page] = looked.faults
    assert found == {}
    assert shown >= {"", "workers", "farm", "api?of={q}", "job/{job}?tab=files", "job/{job}/task/{task}?tab=graph"}


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())
