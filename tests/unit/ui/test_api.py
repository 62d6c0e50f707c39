"""The page of the API: each call has a form, which makes the address that the description says."""

import pytest

from awed.api.openapi import describe
from tests.unit.api.served import Served, data
from tests.unit.ui.browsing import Browser, text
from tests.unit.ui.test_frame import EVIL, submit


def test_every_call_of_the_description_has_a_form(served: Served) -> None:
    document = describe(served.context.collections)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            page = text(served.call("GET", f"/ui/api?of={operation['tags'][0]}"))
            assert f'data-path="{path}"' in page
            assert f'id="{operation["operationId"]}"' in page
            for one in operation["parameters"]:
                assert f'name="{one["in"]}.{one["name"]}"' in page
    assert served.call("GET", "/ui/api?of=nothing").status == 404
    assert EVIL not in text(served.call("GET", "/ui/api?of=%3Cscript%3Ealert(1)%3C/script%3E")).replace("&lt;", "<")


def test_a_form_without_a_script_leads_to_the_call(served: Served) -> None:
    browser, job = Browser(served), submit(served)
    sent = {
        "call": "get_job_job_id",
        "path.job_id": job,
        "query.explain": "1",
        "query.nothing": "x",
        "query.perf": "",
    }
    assert browser.post("/ui/api", sent).headers["Location"] == f"./../job/{job}?explain="
    assert data(served.call("GET", f"/job/{job}?explain="))["id"] == job
    sent = {"call": "get_job", "query.limit": "5", "query.words": EVIL}
    there = browser.post("/ui/api", sent).headers["Location"]
    assert there == "./../job?limit=5&words=%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%26"


@pytest.mark.parametrize("job", ["", ".", "..", "a/b?c#d", "//evil.example", "\r\nX: y"])
def test_what_is_typed_stays_within_its_part_of_the_path(served: Served, job: str) -> None:
    reply = Browser(served).post("/ui/api", {"call": "get_job_job_id", "path.job_id": job})
    if job.strip("."):
        assert reply.status == 303
        assert reply.headers["Location"].startswith("./../job/")
        assert not set("/?# \r\n") & set(reply.headers["Location"].removeprefix("./../job/"))
    else:
        assert reply.status == 400


def test_nothing_is_changed_by_a_redirection_nor_by_a_form_of_others(served: Served) -> None:
    browser, job = Browser(served), submit(served)
    for call in ("delete_job_job_id", "put_job_job_id", "nonsense", ""):
        assert browser.post("/ui/api", {"call": call, "path.job_id": job}).status == 400
    assert browser.post("/ui/api", {"call": "get_work"}, seal="0" * 64).status == 401
    assert browser.get("/ui/api?call=get_work&query.client=c1").status == 200
