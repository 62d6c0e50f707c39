"""Jobs as programs hold them: documents are submitted with their files, and a job is waited for by its events."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awed.client import Client, JobFailed, JobHandle, remote
from awed.client.batch import Batch
from awed.client.errands import Errands
from awed.client.functions import INLINE, packed
from awed.model.errors import NotFound, Unavailable
from awed.model.job import IO
from awed.model.states import JobState, TaskState
from awed.tx.pauses import Pauses
from tests.unit.cli.fake import JOB_ID, FakeServer, envelope, fake_server, job, task

JOB = f"GET /job/{JOB_ID}"
WAITING = f"GET /events?since=5&job={JOB_ID}&kind=job&wait=60.000"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


@pytest.fixture
def client(server: FakeServer) -> Client:
    return Client(server.url, token="secret")


@pytest.fixture
def handle(client: Client, server: FakeServer) -> JobHandle:
    """A job that runs."""
    server.on(JOB, job(task("a")))
    return client.job(JOB_ID)


def heard(last: int, *events: dict[str, Any]) -> bytes:
    """An answer with events of the job."""
    data = [{"id": last, "time": "2026-01-02T03:04:05Z", "job": JOB_ID, **event} for event in events]
    return json.dumps({"status": 200, "data": data, "error": None, "last": last, "oldest": 1}).encode()


def ends(state: str) -> bytes:
    return heard(6, {"kind": "job", "state": state})


def sent(server: FakeServer, path: str) -> Any:
    body = next(request.body for request in server.requests if f"{request.method} {request.path}" == path)
    return body[body.index(b"\r\n\r\n") + 4 : body.rindex(b"\r\n--")]


def test_a_document_is_sent_with_its_files_and_its_warnings_are_told(server: FakeServer, client: Client) -> None:
    answer = json.loads(envelope(job(task("a")))) | {"warnings": [{"place": "tasks[0].x", "text": "unknown key"}]}
    server.raw("POST /job", (200, json.dumps(answer).encode()))
    server.on("POST /node", {"id": "n"})
    document = {"tasks": [{"taskid": "a", "inputs": [{"filename": "f"}]}]}
    with pytest.warns(UserWarning, match=r"tasks\[0\].x: unknown key"):
        assert client.submit(document, inputs={"f": b"content"}).id == JOB_ID
    assert sent(server, "POST /node") == b"content"
    (file,) = json.loads(sent(server, "POST /job"))["tasks"][0]["inputs"]
    assert file == {"filename": "f", "host": server.url, "node": "n"}
    assert document == {"tasks": [{"taskid": "a", "inputs": [{"filename": "f"}]}]}
    assert {request.authorization for request in server.requests} == {"Bearer secret"}


def test_a_file_for_no_input_is_a_mistake(server: FakeServer, client: Client, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"tasks": [{"taskid": "a", "inputs": [{"filename": "f"}]}]}')
    with pytest.raises(ValueError, match="no input g lacks a source; those that do: f"):
        client.submit(tmp_path / "job.json", inputs={"g": b""})
    (tmp_path / "job.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        client.submit(str(tmp_path / "job.json"))
    assert server.requests == []


def test_an_unknown_job_is_told_at_once(server: FakeServer, client: Client) -> None:
    server.refuse(JOB, 404, f"job not found: {JOB_ID}")
    with pytest.raises(NotFound):
        client.job(JOB_ID)


@pytest.mark.parametrize("end", ["completed", "suspend", "deleted"])
def test_a_job_is_waited_for_by_its_events(server: FakeServer, handle: JobHandle, end: str) -> None:
    server.raw("GET /events", (200, heard(5)))
    server.raw(WAITING, (200, heard(5)), (200, ends(end)))
    assert handle.wait() is JobState(end)


def test_a_server_that_is_away_is_waited_for(
    server: FakeServer, handle: JobHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awed.client.blocking.AWAY", Pauses(0.0, 0.0))
    away = (503, b'{"status": 503, "data": null, "error": ["it ends"]}')
    server.raw("GET /events", (200, heard(5)))
    server.raw(WAITING, away, away, (200, ends("completed")))
    assert handle.wait() is JobState.COMPLETED
    server.raw("GET /events", away)
    with pytest.raises(Unavailable):
        handle.wait()


def test_whom_no_event_tells_that_a_job_is_removed_hears_it_all_the_same(
    server: FakeServer, handle: JobHandle
) -> None:
    """Those who could read a job are told no more of one that is gone; only its owner is."""
    server.raw("GET /events", (200, heard(5)))
    server.raw(WAITING, (200, heard(5)))
    server.raw(f"GET /events?since=0&job={JOB_ID}&wait=60.000", (200, heard(5)))
    runs, gone = (200, envelope(job(task("a")))), (404, b'{"status": 404, "data": null, "error": ["not found"]}')
    for call in (handle.wait, lambda: list(handle.events())):
        server.raw(JOB, runs, gone)
        with pytest.raises(NotFound):
            call()


def test_who_slept_until_events_were_gone_asks_anew(server: FakeServer, handle: JobHandle) -> None:
    server.raw("GET /events", (200, heard(5)), (200, heard(9)))
    server.refuse(WAITING, 410, "kept from 8 on")
    server.on(JOB, job(task("a")), job(task("a"), state=JobState.COMPLETED))
    assert handle.wait() is JobState.COMPLETED


def test_the_time_to_wait_ends(server: FakeServer, handle: JobHandle) -> None:
    server.raw("GET /events", (200, heard(5)))
    with pytest.raises(TimeoutError, match="is in-progress"):
        handle.wait(timeout=0)


def test_the_result_is_the_outputs_as_files(server: FakeServer, handle: JobHandle, tmp_path: Path) -> None:
    outputs = [
        IO("b/c", host=server.url, node="1"),
        IO("gone", host=server.url, node="2", temporary=True),
        IO("missing", optional=True),
    ]
    server.raw("GET /events", (200, heard(5)))
    server.on(JOB, job(task("a", TaskState.COMPLETED, outputs=outputs), state=JobState.COMPLETED))
    server.raw("GET /node/1?download", (200, b"made"))
    path = tmp_path / "out" / "a" / "b" / "c"
    assert handle.result(tmp_path / "out") == {"a/b/c": path}
    assert path.read_bytes() == b"made"


def test_no_name_of_an_output_leads_out_of_the_directory(
    server: FakeServer, handle: JobHandle, tmp_path: Path
) -> None:
    outputs = [IO("../../x", host=server.url, node="1")]
    server.raw("GET /events", (200, heard(5)))
    server.on(JOB, job(task("a", TaskState.COMPLETED, outputs=outputs), state=JobState.COMPLETED))
    server.raw("GET /node/1?download", (200, b"made"))
    with pytest.raises(ValueError, match="leads out"):
        handle.result(tmp_path / "out" / "in")
    assert not (tmp_path / "x").exists()


def test_a_job_that_failed_has_no_result_but_the_reason(server: FakeServer, handle: JobHandle) -> None:
    server.raw("GET /events", (200, heard(5)))
    server.raw(WAITING, (200, ends("suspend")))
    server.on(f"{JOB}?explain", {"id": JOB_ID, "state": "suspend", "why": "suspended: task a: exit status 1"})
    with pytest.raises(JobFailed, match="suspended: task a: exit status 1"):
        handle.result()


def test_events_end_with_the_job_and_not_before_the_latest_was_heard(server: FakeServer, handle: JobHandle) -> None:
    server.raw("GET /events", (200, heard(9)))
    server.on(JOB, job(task("a"), state=JobState.COMPLETED))
    server.raw(f"GET /events?since=0&job={JOB_ID}", (200, heard(5)))
    server.raw(f"GET /events?since=5&job={JOB_ID}", (200, ends("suspend")))
    server.raw(f"GET /events?since=6&job={JOB_ID}", (200, heard(9, {"kind": "job", "state": "completed"})))
    server.raw(f"GET /events?since=9&job={JOB_ID}", (200, heard(9)))
    assert [event.state for event in handle.events()] == ["suspend", "completed"]


def test_calls_wait_for_a_server_that_is_away_and_are_sent_once(
    server: FakeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awed.client.blocking.AWAY", Pauses(0.0, 0.0))
    monkeypatch.setattr("awed.client.submission.PAUSES", Pauses(0.0, 0.0, most=1))
    away = (503, b'{"status": 503, "data": null, "error": ["it starts"]}')
    batch = Batch("f", packed(bytes, [[((b"x" * INLINE,), {})]]), 0, lambda batch: None)
    server.raw("POST /node", away, away, (200, envelope({"id": "n"})))
    server.raw("POST /job", *[away] * 7, (200, envelope(job(task("call")))))
    ended: list[str] = []
    errands = Errands(
        client.server, "", {}, "", lambda batch: ended.append("closed"), lambda: ended.append("deleted")
    )
    errands.look(batch)
    errands.send(batch)
    assert len({request.key for request in server.requests if request.path == "/job"}) == 1
    assert not ended
    server.refuse(f"GET /job/{batch.id}", 404, "job not found")
    errands.look(batch)
    assert ended == ["closed", "deleted"]


def test_what_breaks_off_is_fetched_again(
    server: FakeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awed.client.blocking.AWAY", Pauses(0.0, 0.0))
    batch = Batch("f", packed(int, [[((), {})]]), 0, lambda batch: None)
    line = {"taskid": f"{batch.id}_call", "workunits": [{"rank": 0, "logs": {"stdout": remote.RESULT}}]}
    server.on(f"GET /job/{batch.id}?report", {"tasks": [line]})
    output = IO(remote.RESULT, host=server.url, node="1")
    server.on(f"GET /job/{batch.id}", job(task("call", TaskState.COMPLETED, outputs=[output])))
    outcome = pickle.dumps(([7], None, ""))
    framed = f"{0:0{remote.DIGITS}x}{len(outcome):0{remote.DIGITS}x}".encode() + outcome
    server.raw("GET /node/1?download", (503, b""), (200, framed))
    (future,) = batch.open.values()
    Errands(client.server, "", {}, "", lambda batch: None, lambda: None).end(batch, JobState.COMPLETED)
    assert future.result() == 7


def test_logs_are_by_task_and_rank(server: FakeServer, handle: JobHandle) -> None:
    one = {"taskid": f"{JOB_ID}_a", "workunits": [{"rank": 0, "logs": {"stdout": "x", "stderr": ""}}]}
    split = {"taskid": f"{JOB_ID}_b", "totalwork": 2, "workunits": [{"rank": 2, "logs": {"stderr": "y"}}]}
    server.on(f"{JOB}?report", {"tasks": [one, split]})
    assert handle.logs() == {"a": {"stdout": "x"}, "b/2": {"stderr": "y"}}


def test_jobs_are_selected_by_the_server(server: FakeServer, client: Client) -> None:
    server.on("GET /job?query=&verbosity=minimal&limit=3&state=completed%2Csuspend&info.name=x", [{"id": JOB_ID}])
    (found,) = client.jobs(state=["completed", JobState.SUSPEND], name="x", limit=3)
    assert found.id == JOB_ID


def test_a_notebook_shows_a_table_without_the_markup_of_others(server: FakeServer, handle: JobHandle) -> None:
    server.on(JOB, job(task("<b>", totalwork=4, remainwork=1), name="<script>"))
    shown = handle._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<td>&lt;b&gt;</td><td>queued</td><td>3 of 4</td>" in shown


def test_what_is_no_address_or_has_a_password_is_refused() -> None:
    for url in ("nonsense", "http://user:pw@host"):
        with pytest.raises(ValueError, match=r"found 'nonsense'|token"):
            Client(url)


def test_conditions_that_no_job_could_fulfil_are_mistakes(client: Client) -> None:
    with pytest.raises(ValueError, match=r"state must be one of init, queued, .* not 'failed'"):
        client.jobs(state="failed")
    with pytest.raises(TypeError, match="since must be a datetime, not '2d'"):
        client.jobs(since="2d")  # type: ignore[arg-type]
