"""Submitting by the page: a document with its files, and checks of it."""

from pathlib import Path

import msgspec
import pytest

from awed.workflow.reader import DocumentLimits
from tests.unit.api.served import Served, data, form
from tests.unit.ui.browsing import Browser, text
from tests.unit.web.wire import Reply

DOCUMENT = {
    "info": {"name": "with a file"},
    "tasks": [{"taskid": "count", "cmd": {"name": "wc"}, "inputs": [{"filename": "reads.fq"}]}],
}


def send(served: Served, path: str, *parts: tuple[str, str, str | bytes], user: str = "ann") -> Reply:
    """Send the form, each part as a field, its file name and what is in it."""
    body = form((name, content) for name, _, content in parts)
    for name, filename, _ in parts:
        body = body.replace(b'name="%b"; filename="%b"' % (name.encode(), name.encode()), _named(name, filename), 1)
    head = {"Content-Type": "multipart/form-data; boundary=-----------------------------7d"}
    return served.call("POST", path, body=body, headers=head, user=user)


def _named(name: str, filename: str) -> bytes:
    return f'name="{name}"; filename="{filename}"'.encode() if filename else f'name="{name}"'.encode()


def test_a_document_is_submitted_with_the_files_that_it_reads(served: Served) -> None:
    document = msgspec.json.encode(DOCUMENT)
    reply = send(served, "/ui/submit", ("document", "", document), ("files", "reads.fq", b"ACGT"))
    assert reply.status == 303
    job = data(served.call("GET", f"/job/{reply.headers['Location'].rpartition('/')[2]}", user="ann"))
    node = job["tasks"][0]["inputs"][0]["node"]
    assert served.call("GET", f"/node/{node}?download", user="ann").body == b"ACGT"
    assert served.call("GET", f"/node/{node}?download", user="bob").status in (401, 404)


def test_without_a_script_the_document_may_be_one_of_the_files(served: Served) -> None:
    document = msgspec.json.encode(DOCUMENT)
    parts = (("document", "", ""), ("files", "flow.json", document), ("files", "reads.fq", b"A"))
    assert send(served, "/ui/submit", *parts).status == 303


def test_what_is_wrong_is_told_and_the_text_stays(served: Served) -> None:
    for document, told in (("{", "JSON"), ('{"tasks": []}', "tasks"), ("", "")):
        reply = send(served, "/ui/submit", ("document", "", document))
        assert (reply.status, 'role="alert"' in text(reply)) == (400, True)
        assert told in text(reply)
    reply = send(served, "/ui/submit", ("document", "", msgspec.json.encode(DOCUMENT)), ("files", "other.fq", b"A"))
    assert "no input named other.fq lacks a source; those that do: reads.fq" in text(reply)
    assert "with a file" in text(reply)
    assert data(served.call("GET", "/job", user="root")) == []


@pytest.mark.parametrize("path", ["/ui/submit", "/ui/submit?check"])
def test_a_document_has_the_limits_that_it_has_in_the_api(tmp_path: Path, path: str) -> None:
    long, many = b'{"info": {"name": "%b"}}' % (b"x" * 100_000), b'{"tasks": [%b]}' % b",".join([b"1"] * 2000)
    for document in (long, many):
        for field, name in (("document", ""), ("files", "flow.json")):
            served = Served(tmp_path, limits=DocumentLimits(100, 100, 1000), max_document=50_000)
            assert send(served, path, (field, name, document)).status == 413
    served = Served(tmp_path, limits=DocumentLimits(100, 100, 1000), max_document=50_000)
    parts = (("document", "", msgspec.json.encode(DOCUMENT)), ("files", "reads.fq", b"A" * 100_000))
    assert send(served, path, *parts).status in (200, 303)


def test_a_check_makes_no_job_and_shows_the_graph(served: Served) -> None:
    document = msgspec.json.encode(DOCUMENT)
    reply = send(served, "/ui/submit?check", ("document", "", document), ("named", "", "reads.fq"))
    assert (reply.status, 'data-ok="true"' in text(reply), 'data-task="count"' in text(reply)) == (200, True, True)
    reply = send(served, "/ui/submit?check", ("document", "", b'{"tasks": [{"taskid": "a b", "cmd": {}}]}'))
    assert (reply.status, 'data-ok="false"' in text(reply), "tasks[0]" in text(reply)) == (200, True, True)
    assert data(served.call("GET", "/job", user="root")) == []


def test_a_document_that_was_changed_since_the_last_check_has_its_own_graph(served: Served) -> None:
    for names in (["a", "b"], ["a"]):
        tasks = [{"taskid": name, "cmd": {"name": "true"}} for name in names]
        document = msgspec.json.encode({"id": "11111111-1111-4111-8111-111111111111", "tasks": tasks}).decode()
        page = text(Browser(served).post("/ui/submit?check", {"document": document}))
        assert [name for name in "ab" if f'data-task="{name}"' in page] == names


@pytest.mark.parametrize("path", ["/ui/submit", "/ui/submit?check"])
def test_a_long_document_is_not_given_back(served: Served, path: str) -> None:
    """A page is made whole, on the thread that serves everybody."""
    long = msgspec.json.encode({"tasks": [{"taskid": "<" * 100}] * 20_000})
    reply = send(served, path, ("document", "job.json", long))
    assert "The document is too long to be shown here" in text(reply)
    assert len(reply.body) < 100_000


def test_a_form_of_another_page_submits_nothing(served: Served) -> None:
    browser = Browser(served)
    browser.log_in(token="user ann")
    assert browser.post("/ui/submit", {"document": "{}"}, seal="0").status == 401
