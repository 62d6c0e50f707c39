"""The daemon's own files are shown with an address that the asker can reach."""

from typing import Any

import pytest
from klein import Klein
from twisted.web.iweb import IRequest

from awed.api.hosts import OwnHosts, handed_work, shown_outputs, shown_task, shown_work
from awed.model.job import IO, OWN_HOST, Cmd, Info, Task
from awed.model.tes import Input, Output, OutputLog, TesTask
from awed.model.work import Workunit
from awed.web.forwarded import Proxies
from tests.unit.web.wire import parse, raw

BASE = "http://awe.example:8001"


def seen(external_url: str, head: bytes, *proxies: str) -> tuple[str, set[str]]:
    """What :class:`OwnHosts` tells of a request with this head."""
    found: list[tuple[str, set[str]]] = []
    app = Klein()

    @app.route("/")
    def look(request: IRequest) -> bytes:
        hosts = OwnHosts(external_url, Proxies(proxies))
        found.append((hosts.base(request), set(hosts.known(request))))
        return b""

    parse(raw(app.resource(), head))
    return found[0]


def test_the_address_by_which_the_asker_came() -> None:
    base, known = seen("", b"GET / HTTP/1.1\r\nHost: awe.example:8001\r\n\r\n")
    assert base == BASE
    assert known == {BASE, "http://192.0.2.1:8001", OWN_HOST}


def test_the_configured_address_comes_first() -> None:
    base, known = seen("https://awe.example/", b"GET / HTTP/1.1\r\nHost: inner:8001\r\n\r\n")
    assert base == "https://awe.example"
    assert known == {"https://awe.example", "http://inner:8001", "http://192.0.2.1:8001", OWN_HOST}


def test_the_address_by_which_the_asker_came_to_a_known_proxy() -> None:
    head = b"GET / HTTP/1.1\r\nHost: inner:8001\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: awe.example\r\n\r\n"
    assert seen("", head, "192.0.2.9")[0] == "https://awe.example"
    assert seen("", head)[0] == "http://inner:8001"


def test_a_request_without_host_shows_the_socket() -> None:
    assert seen("", b"GET / HTTP/1.0\r\n\r\n")[0] == "http://192.0.2.1:8001"


@pytest.fixture
def task() -> Task:
    return Task(
        "j_0",
        inputs=[IO("a", host=OWN_HOST, node="n1"), IO("b", host="http://shock.example", node="n2", url="u")],
        outputs=[IO("c", host=OWN_HOST)],
        predata=[IO("d", url="http://example/d")],
    )


def test_own_files_get_host_and_url(task: Task) -> None:
    shown = shown_task(task, BASE)
    own, other = shown.inputs
    assert (own.host, own.url) == (BASE, f"{BASE}/node/n1?download")
    assert other is task.inputs[1]
    assert (shown.outputs[0].host, shown.outputs[0].url) == (BASE, "")
    assert shown.predata == task.predata


def test_what_is_shown_is_a_copy(task: Task) -> None:
    shown_task(task, BASE)
    assert task.inputs[0].host == OWN_HOST


def test_a_task_without_own_files_is_shown_as_it_is() -> None:
    task = Task("j_0", inputs=[IO("a", host="http://shock.example", node="n")])
    assert shown_task(task, BASE) is task


def test_a_workunit_is_shown_likewise(task: Task) -> None:
    work = Workunit(
        "w", "w", "j", "j_0", "0", Info(), task.inputs, task.outputs, task.predata, Cmd(), rank=0, totalwork=1
    )
    assert shown_work(work, BASE).inputs[0].url == f"{BASE}/node/n1?download"
    assert work.inputs[0].host == OWN_HOST


SIGNED, HIDDEN = (f"https://h/k?X-Amz-Date=1&X-Amz-Signature={value}" for value in ("abc", "***"))


def test_what_opens_files_of_others_is_shown_to_nobody_but_the_worker_that_runs_the_work() -> None:
    """In outputs and in tasks of TES too, of which also the log of the outputs names the URLs."""
    files = [IO("a", url=SIGNED)], [IO("b", url=SIGNED)], [IO("c", url=SIGNED)]
    tes = TesTask(inputs=[Input(url=SIGNED)], outputs=[Output(url=SIGNED)])
    task = Task("j_0", inputs=files[0], outputs=files[1], predata=files[2], tes=tes)
    work = Workunit("w", "w", "j", "j_0", "0", Info(), *files, Cmd(), rank=0, totalwork=1, tes=tes)
    for holder, url in (
        (shown_task(task, BASE), HIDDEN),
        (shown_work(work, BASE), HIDDEN),
        (handed_work(work, BASE), SIGNED),
    ):
        assert holder.tes
        assert [io.url for io in (*holder.inputs, *holder.outputs, *holder.predata)] == [url] * 3
        assert (holder.tes.inputs[0].url, holder.tes.outputs[0].url) == (url, url)
    assert shown_outputs([OutputLog(SIGNED, "/b", "1")], BASE)[0].url == HIDDEN


def is_foreign(head: bytes, external_url: str = "", **options: Any) -> bool:
    """Whether :class:`OwnHosts` takes a request with these lines after the first for one of another site's page."""
    found: list[bool] = []
    app = Klein()

    @app.route("/")
    def look(request: IRequest) -> bytes:
        found.append(OwnHosts(external_url, **options).is_foreign(request))
        return b""

    parse(raw(app.resource(), b"GET / HTTP/1.1\r\n" + head + b"\r\n\r\n"))
    return found[0]


@pytest.mark.parametrize(
    ("head", "foreign"),
    [
        (b"Host: awe.example:8001", False),
        (b"Host: awe.example:8001\r\nOrigin: http://awe.example:8001", False),
        (b"Host: awe.example:8001\r\nOrigin: https://awe.example:8001", True),
        (b"Host: awe.example:8001\r\nOrigin: http://evil.example", True),
        (b"Host: awe.example:8001\r\nOrigin: null", True),
        (b"Host: awe.example:8001\r\nSec-Fetch-Site: cross-site", True),
        (b"Host: awe.example:8001\r\nSec-Fetch-Site: none", False),
        (b"Host: awe.example:8001\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors", True),
        (b"Host: awe.example:8001\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate", False),
        (b"Host: inner:8001\r\nOrigin: https://awe.example\r\nSec-Fetch-Site: same-origin", False),
        (b"Host: inner:8001\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: same-site", True),
    ],
)
def test_pages_of_other_sites_are_known_by_what_browsers_say(head: bytes, foreign: bool) -> None:
    assert is_foreign(head) is foreign


def test_other_sites_may_be_allowed_and_the_configured_address_is_our_own() -> None:
    head = b"Host: awe.example:8001\r\nOrigin: https://Monitor.example"
    assert not is_foreign(head, allowed_origins=["https://monitor.example"])
    assert not is_foreign(head, allowed_origins=["*"])
    assert not is_foreign(head, external_url="https://monitor.example/")


@pytest.mark.parametrize(
    ("host", "foreign"),
    [
        (b"127.0.0.1:8001", False),
        (b"localhost:8001", False),
        (b"LOCALHOST", False),
        (b"[::1]:8001", False),
        (b"awe.example", False),
        (b"evil.example", True),
        (b"127.0.0.1.evil.example", True),
    ],
)
def test_a_daemon_of_this_machine_is_met_by_no_other_name(host: bytes, foreign: bool) -> None:
    """A page can give its own host's name any address, also that of this machine."""
    assert is_foreign(b"Host: " + host, "http://awe.example", only_local=True) is foreign
