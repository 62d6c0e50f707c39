"""``/hook``: events are sent to addresses, each until it arrives, and signed."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from awed.model.access import User
from awed.model.errors import StoreAway
from awed.model.hook import Hook
from awed.model.records import Batch
from awed.service import hooks
from awed.service.hooks import AT_ONCE, MOST_OF_USER, PATIENCE, SAVED
from tests.unit.api.served import BOUNDARY, Served, data, done, fault, form
from tests.unit.web.wire import message

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}
URL = "https://example.org/hook"


def make(served: Served, user: str = "ann", **fields: object) -> dict[str, Any]:
    body = msgspec.json.encode({"url": URL, **fields})
    made: dict[str, Any] = data(served.call("POST", "/hook", body=body, user=user))
    return made


def sent(served: Served) -> list[tuple[str, str, str]]:
    """What has come of which job, and as which delivery."""
    served.clock.advance(0)
    events = [(msgspec.json.decode(body), headers) for _, body, headers in served.receiver.received]
    return [(body["event"]["job"], body["event"]["state"], headers["Awe-Delivery"]) for body, headers in events]


def bodies(served: Served) -> list[dict[str, Any]]:
    """What has come."""
    served.clock.advance(0)
    return [msgspec.json.decode(body) for _, body, _ in served.receiver.received]


def test_events_that_are_wanted_are_sent_and_signed(served: Served) -> None:
    hook = make(served, events=["job.init", "task"], mine=True, secret="key")
    assert hook == {
        "id": hook["id"],
        "url": URL,
        "events": ["job.init", "task"],
        "job": "",
        "mine": True,
        "state": "active",
    }
    served.submit(JOB, user="bob")
    job = served.submit(JOB, user="ann")["id"]
    assert [(one, state) for one, state, _ in sent(served)] == [(job, "init"), (job, "queued")]
    url, body, headers = served.receiver.received[0]
    assert (url, headers["Content-Type"], headers["Awe-Hook"]) == (URL, "application/json", hook["id"])
    time, _, signature = headers["Awe-Signature"].partition(",")
    signed = time.removeprefix("t=").encode() + b"." + body
    assert signature == "v1=" + hmac.new(b"key", signed, hashlib.sha256).hexdigest()
    payload = msgspec.json.decode(body)
    assert (payload["delivery"], payload["hook"]) == (headers["Awe-Delivery"], hook["id"])
    assert payload["event"] in data(served.call("GET", "/events?since=0", user="ann"))


def test_a_secret_is_shown_once(served: Served) -> None:
    hook = make(served)
    assert len(hook["secret"]) >= 32
    assert "secret" not in data(served.call("GET", f"/hook/{hook['id']}", user="ann"))
    assert "secret" not in data(served.call("GET", "/hook", user="ann"))[0]


def test_the_password_of_an_address_is_sent_and_not_shown(served: Served) -> None:
    url = "https://ann:secret@example.org/hook"
    hook = make(served, url=url, events=["job.init"])
    assert hook["url"] == "https://ann@example.org/hook"
    assert "secret@" not in served.call("GET", f"/hook/{hook['id']}", user="ann").body.decode()
    served.submit(JOB, user="ann")
    assert len(sent(served)) == 1
    assert served.receiver.received[0][0] == url


def test_what_fails_is_tried_again_and_keeps_its_order_and_its_id(served: Served) -> None:
    hook = make(served, events=["job.init"])
    served.receiver.status = 0
    first = served.submit(JOB, user="ann")["id"]
    served.clock.advance(0)
    second = served.submit(JOB, user="ann")["id"]
    served.receiver.status = 503
    for pause in (1, 2):
        served.clock.advance(pause)
    served.receiver.status = 204
    served.clock.advance(4)
    came = sent(served)
    assert [job for job, _, _ in came] == [first] * 4 + [second]
    assert len({delivery for _, _, delivery in came}) == 2
    one, other = data(served.call("GET", f"/hook/{hook['id']}", user="ann"))["deliveries"]
    assert [(one["state"], [(try_["status"], try_["error"]) for try_ in one["tries"]])] == [
        ("delivered", [(0, "connection refused"), (503, ""), (503, ""), (204, "")])
    ]
    assert (other["event"]["job"], other["state"]) == (second, "delivered")


def test_after_a_day_a_hook_is_dead_and_says_why(served: Served) -> None:
    hook = make(served, events=["job.init"])
    served.receiver.status = 500
    served.submit(JOB, user="ann")
    for _ in range(int(PATIENCE / 3600) + 15):
        served.clock.advance(3600)
    shown = data(served.call("GET", f"/hook/{hook['id']}", user="ann"))
    assert (shown["state"], shown["reason"]) == ("dead", "not delivered for a day: status 500")
    assert shown["deliveries"][0]["state"] == "failed"
    before = len(served.receiver.received)
    served.submit(JOB, user="ann")
    assert len(sent(served)) == before


def test_neither_a_clock_that_is_set_nor_a_daemon_that_was_stopped_ends_a_hook(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = make(served, events=["job.init"])
    served.receiver.status = 500
    served.submit(JOB, user="ann")
    served.clock.advance(0)
    monkeypatch.setattr(served.hooks, "_now", lambda: served.now() + timedelta(days=3))
    served.clock.advance(1)
    assert data(served.call("GET", f"/hook/{hook['id']}", user="ann"))["state"] == "active"
    monkeypatch.undo()
    served.hooks.stop()
    served.clock.advance(3 * PATIENCE)
    done(served.hooks.start())
    served.clock.advance(0)
    assert data(served.call("GET", f"/hook/{hook['id']}", user="ann"))["state"] == "active"


def test_a_signature_says_when_it_is_sent_and_not_when_it_came_into_line(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Deferred[int]] = []
    times: list[int] = []

    async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        times.append(int(headers["Awe-Signature"].partition(",")[0].removeprefix("t=")))
        answers.append(Deferred())
        return await answers[-1]

    monkeypatch.setattr(served.hooks, "_post", post)
    for _ in range(AT_ONCE + 1):
        make(served, events=["job.init"])
    served.submit(JOB, user="ann")
    served.clock.advance(0)
    served.clock.advance(400)
    answers[0].callback(204)
    assert times[-1] - times[0] == 400


@pytest.mark.parametrize("path", ["/hook", "/job"])
def test_a_client_that_leaves_has_its_hook_all_the_same(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    gate, commit = Deferred[None](), served.store.commit

    async def late(batch: Batch) -> None:
        await gate
        await commit(batch)

    monkeypatch.setattr(served.store, "commit", late)
    connection, _ = served.connect()
    form_type = f"multipart/form-data; boundary={BOUNDARY}"
    kind, body = {
        "/hook": ("application/json", msgspec.json.encode({"url": URL, "events": ["job.init"]})),
        "/job": (form_type, form([("upload", msgspec.json.encode({**JOB, "info": {"notify": NOTIFY}}))])),
    }[path]
    head = {"Authorization": "user ann", "Content-Type": kind}
    connection.dataReceived(message("POST", path, head, body))
    connection.connectionLost(Failure(ConnectionLost()))
    gate.callback(None)
    monkeypatch.undo()
    served.submit(JOB, user="ann")
    assert len(sent(served)) == 1
    assert len(data(served.call("GET", "/hook", user="ann"))) == 1


def test_what_is_not_stored_is_no_hook(served: Served) -> None:
    async def away() -> None:
        raise StoreAway("no database")

    taking = Deferred.fromCoroutine(served.hooks.take_with(Hook("1", URL, ["job"], "key", "ann"), User("ann"), away))
    taking.addErrback(lambda failure: failure.trap(StoreAway))
    assert data(served.call("GET", "/hook", user="ann")) == []


def test_a_restart_goes_on_where_it_was_and_sends_nothing_twice_that_arrived(served: Served) -> None:
    make(served, events=["job.init"])
    first = served.submit(JOB, user="ann")["id"]
    assert [job for job, _, _ in sent(served)] == [first]
    served.receiver.status = 0
    second = served.submit(JOB, user="ann")["id"]
    sent(served)
    served.hooks.stop()
    third = served.submit(JOB, user="ann")["id"]
    served.receiver.received.clear()
    served.receiver.status = 200
    done(served.hooks.start())
    assert [job for job, _, _ in sent(served)] == [second, third]


def test_one_hears_what_one_may_read_by_then(served: Served) -> None:
    job = served.submit(JOB, user="ann")["id"]
    assert fault(served.call("POST", "/hook", body=msgspec.json.encode({"url": URL, "job": job}), user="bob"), 404)
    make(served, user="bob", events=["job"])
    make(served, user="root", events=["job"])
    served.call("PUT", f"/job/{job}?suspend", user="ann")
    assert len(sent(served)) == 1
    served.call("PUT", f"/job/{job}/acl/read?users=bob", user="ann")
    served.call("PUT", f"/job/{job}?resume", user="ann")
    assert len(sent(served)) == 3


def test_what_one_may_no_longer_read_is_not_tried_again(served: Served) -> None:
    job = served.submit(JOB, user="ann")["id"]
    served.call("PUT", f"/job/{job}/acl/read?users=bob", user="ann")
    hook = make(served, user="bob", events=["job"])["id"]
    served.receiver.status = 500
    served.call("PUT", f"/job/{job}?suspend", user="ann")
    assert len(sent(served)) == 1
    served.call("DELETE", f"/job/{job}/acl/read?users=bob", user="ann")
    served.receiver.status = 200
    served.clock.advance(1)
    assert len(sent(served)) == 1
    (delivery,) = data(served.call("GET", f"/hook/{hook}", user="bob"))["deliveries"]
    assert delivery["state"] == "failed"
    mine = served.submit(JOB, user="bob")["id"]
    assert [one for one, _, _ in sent(served)[1:]] == [mine] * 2


def test_who_is_no_administrator_any_more_hears_as_such(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    make(served, user="root", events=["job.init"])

    async def user(name: str) -> tuple[User, None]:
        return User(name), None

    monkeypatch.setattr(served.hooks, "_user", user)
    served.submit(JOB, user="ann")
    assert sent(served) == []


def test_a_hook_is_dead_without_the_account_of_its_owner(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may get the name."""
    accounts = [served.now()]

    async def user(name: str) -> tuple[User, datetime | None]:
        return User(name), accounts[-1] if accounts else None

    monkeypatch.setattr(served.hooks, "_user", user)
    hooks = [make(served, events=["job.init"])["id"]]
    accounts.append(served.now() + timedelta(days=1))
    hooks.append(make(served, events=["job.init"])["id"])
    served.submit(JOB, user="ann")
    assert {body["hook"] for body in bodies(served)} == {hooks[1]}
    served.submit({**JOB, "info": {"notify": {**NOTIFY, "events": ["job.suspend"]}}}, user="ann")
    bodies(served)
    served.receiver.received.clear()
    assert len(data(served.call("GET", "/hook", user="ann"))) == 3
    accounts.clear()
    served.submit(JOB, user="ann")
    served.clock.advance(SAVED)
    assert bodies(served) == []
    assert len(data(served.call("GET", "/hook", user="ann"))) == 2
    for hook in hooks:
        shown = data(served.call("GET", f"/hook/{hook}", user="ann"))
        assert (shown["state"], shown["reason"]) == ("dead", "the account of ann is gone")


def test_a_hook_is_its_owners_alone(served: Served) -> None:
    hook = make(served)["id"]
    assert data(served.call("GET", "/hook", user="bob")) == []
    assert [one["id"] for one in data(served.call("GET", "/hook", user="root"))] == [hook]
    for method in ("GET", "DELETE"):
        assert fault(served.call(method, f"/hook/{hook}", user="bob"), 404) == f"hook not found: {hook}"
    assert data(served.call("DELETE", f"/hook/{hook}", user="ann")) == f"hook deleted: {hook}"
    served.submit(JOB, user="ann")
    assert sent(served) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "url: expected http://HOST:PORT or https://HOST"),
        ({"url": URL, "event": []}, "the body must describe a hook: Object contains unknown field `event`"),
        ({"url": "ftp://x"}, "url: expected http://HOST:PORT or https://HOST"),
        (
            {"url": "http://inside"},
            "the host has no public address, and [Security] fetch_inside allows no others",
        ),
        ({"url": URL, "events": ["jobs"]}, "events: jobs: expected one of job, task, work, client, or KIND.STATE"),
        (
            {"url": URL, "events": ["client.gone"]},
            "events: client.gone: the states of client are active-idle, active-busy, suspend, removed",
        ),
        ({"url": URL, "secret": "\n"}, "secret: expected up to 200 visible ASCII characters"),
    ],
)
def test_hooks_that_cannot_be_made(served: Served, body: dict[str, object], text: str) -> None:
    assert fault(served.call("POST", "/hook", body=msgspec.json.encode(body), user="ann")) == text


def test_a_user_has_so_many(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "MOST_OF_USER", 2)
    make(served)
    make(served)
    body = msgspec.json.encode({"url": URL})
    assert fault(served.call("POST", "/hook", body=body, user="ann"), 429).startswith("you have 2 hooks")
    make(served, user="bob")
    assert MOST_OF_USER == 100
    monkeypatch.setattr(hooks, "MOST", 3)
    assert fault(served.call("POST", "/hook", body=body, user="eve"), 429) == "there are 3 hooks already"
    make(served, user="root")


NOTIFY = {"url": URL, "events": ["job.init"], "secret": "key"}


def test_a_document_says_who_is_to_be_told_and_nobody_else_hears_of_that(served: Served) -> None:
    document = {**JOB, "info": {"notify": NOTIFY}}
    job = served.submit(document, user="ann")
    assert [(one, state) for one, state, _ in sent(served)] == [(job["id"], "init")]
    (hook,) = data(served.call("GET", "/hook", user="ann"))
    assert (hook["job"], hook["events"]) == (job["id"], ["job.init"])
    assert "notify" not in job["info"]
    assert "key" not in str(data(served.call("GET", f"/job/{job['id']}", user="ann")))
    served.call("DELETE", f"/job/{job['id']}", user="ann")
    sent(served)
    assert data(served.call("GET", "/hook", user="ann")) == []
    assert served.hooks._running == {}
    done(served.hooks.start())
    assert data(served.call("GET", "/hook", user="ann")) == []


def test_a_dead_hook_of_a_job_goes_with_it_too(served: Served) -> None:
    served.receiver.status = 500
    job = served.submit({**JOB, "info": {"notify": NOTIFY}}, user="ann")
    for _ in range(int(PATIENCE / 3600) + 15):
        served.clock.advance(3600)
    (hook,) = data(served.call("GET", "/hook", user="ann"))
    assert hook["state"] == "dead"
    before = len(served.receiver.received)
    served.call("DELETE", f"/job/{job['id']}", user="ann")
    assert len(sent(served)) == before
    assert data(served.call("GET", "/hook", user="ann")) == []


def test_a_document_that_cannot_be_told_of_makes_no_job(served: Served) -> None:
    for notify, text in (
        ({"url": "x"}, "info.notify.url: expected http://HOST:PORT or https://HOST"),
        (
            {"url": "http://inside"},
            "the host has no public address, and [Security] fetch_inside allows no others",
        ),
        ({"url": URL, "events": []}, "info.notify.events: expected 1 to 100 of them"),
    ):
        upload = {"upload": msgspec.json.encode({**JOB, "info": {"notify": notify}})}
        assert fault(served.call("POST", "/job", upload, user="ann")) == text
    assert data(served.call("GET", "/job", user="ann")) == []
    assert data(served.call("GET", "/hook", user="ann")) == []


def test_a_request_that_is_repeated_makes_one_hook(served: Served) -> None:
    upload = {"upload": msgspec.json.encode({**JOB, "info": {"notify": NOTIFY}})}
    for _ in range(2):
        assert data(served.call("POST", "/job", upload, user="ann", headers={"Idempotency-Key": "k"}))
    assert len(data(served.call("GET", "/hook", user="ann"))) == 1
