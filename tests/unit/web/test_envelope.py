"""The envelope, byte for byte."""

from klein import Klein
from twisted.web.iweb import IRequest

from awed.model.job import IO, Job
from awed.model.times import NO_TIME
from awed.web.envelope import answer, answer_error, send_json
from awed.wire.envelope import Page
from tests.unit.web.wire import call, raw

app = Klein()


@app.route("/ok")
def ok(request: IRequest) -> bytes:
    return answer(request, {"b": 1, "a": [NO_TIME]})


@app.route("/page")
def page(request: IRequest) -> bytes:
    return send_json(request, Page(200, [], None, 25, 50, 0))


@app.route("/error")
def error(request: IRequest) -> bytes:
    return answer_error(request, 409, ["one", "two"])


@app.route("/bare")
def bare(request: IRequest) -> bytes:
    return send_json(request, {"id": "AWE"})


@app.route("/job")
def job(request: IRequest) -> bytes:
    return answer(request, Job("j").tasks or IO())


def test_the_whole_answer() -> None:
    data = raw(app.resource(), b"GET /error HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n")
    lines = [line for line in data.split(b"\r\n") if not line.startswith((b"Date:", b"Server:"))]
    assert lines == [
        b"HTTP/1.1 409 Conflict",
        b"Access-Control-Allow-Origin: *",
        b"Access-Control-Allow-Methods: POST, GET, PUT, DELETE, OPTIONS",
        b"Access-Control-Allow-Headers: Authorization, Datatoken",
        b"X-Content-Type-Options: nosniff",
        b"X-Request-Id: r",
        b"Content-Type: application/json",
        b"Content-Length: 48",
        b"",
        b'{"status":409,"data":null,"error":["one","two"]}',
    ]


def test_data() -> None:
    assert call(app.resource(), "GET", "/ok").body == (
        b'{"status":200,"data":{"b":1,"a":["0001-01-01T00:00:00Z"]},"error":null}'
    )


def test_a_page_tells_where_it_lies() -> None:
    assert call(app.resource(), "GET", "/page").body == (
        b'{"status":200,"data":[],"error":null,"limit":25,"offset":50,"total_count":0}'
    )


def test_the_front_page_has_no_envelope() -> None:
    assert call(app.resource(), "GET", "/bare").body == b'{"id":"AWE"}'


def test_a_file_is_shown_with_the_originals_keys() -> None:
    assert call(app.resource(), "GET", "/job").body == (
        b'{"status":200,"data":{"filename":"","name":"","directory":"","host":"","node":"-","url":"","size":0,'
        b'"cache":false,"origin":"","nonzero":false,"temporary":false,"shockfilename":"","shockindex":"",'
        b'"attrfile":"","nofile":false,"delete":false,"type":"","nodeattr":{},"formoptions":{},"uncompress":""},'
        b'"error":null}'
    )
