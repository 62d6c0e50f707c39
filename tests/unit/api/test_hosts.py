"""The daemon's own files are shown with an address that the asker can reach."""

import pytest
from klein import Klein
from twisted.web.iweb import IRequest

from awed.api.hosts import OwnHosts, shown_task, shown_work
from awed.model.job import IO, OWN_HOST, Cmd, Info, Task
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
