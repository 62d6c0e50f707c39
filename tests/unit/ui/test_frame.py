"""What holds for every page: who is sent there, what a browser is told, and that text is text."""

import re

import pytest

from awed.ui.assets import address, assets
from awed.ui.job import TABS
from tests.unit.api.served import Served, data
from tests.unit.ui.browsing import Browser, text

EVIL = "<script>alert(1)</script>\"'&"
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def submit(served: Served, user: str = "", **info: str) -> str:
    """A job's id."""
    tasks = [
        {"taskid": "a", "cmd": {"name": "echo", "args": EVIL}},
        {"taskid": "b", "cmd": {"name": "true"}, "dependsOn": ["a"]},
    ]
    return str(served.submit({"info": {"name": "n"} | info, "tasks": tasks}, user=user)["id"])


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (CHROME, 303),
        ("text/html", 303),
        ("*/*", 200),
        ("application/json", 200),
        ("", 200),
        ("application/json, text/html", 200),
        ("*/*, text/html", 200),
    ],
)
def test_browsers_alone_are_sent_to_the_page(served: Served, accept: str, status: int) -> None:
    reply = served.call("GET", "/", headers={"Accept": accept})
    assert (reply.status, reply.headers["Vary"]) == (status, "Accept")
    if status == 303:
        assert reply.headers["Location"] == "ui/"


def test_the_page_is_not_a_part_of_the_api(served: Served) -> None:
    assert "ui" not in served.call("GET", "/").json["resources"]
    assert not any(path.startswith("/ui") for path in served.call("GET", "/openapi.json").json["paths"])


def test_its_address_ends_with_a_slash(served: Served) -> None:
    assert served.call("GET", "/ui?q=x").headers["Location"] == "ui/?q=x"


def test_no_search_leads_to_another_site(served: Served) -> None:
    for query in (r"q=/\\evil.example", "q=/https:evil.example"):
        assert served.call("GET", f"/ui?{query}").headers["Location"] == f"ui/?{query}"


@pytest.mark.parametrize("path", ["", "job/{job}", "job/{job}/task/a", *(f"job/{{job}}?tab={tab}" for tab in TABS)])
def test_text_of_jobs_is_never_markup_and_nothing_is_inline(served: Served, path: str) -> None:
    job = submit(served, name=EVIL, project=EVIL)
    reply = served.call("GET", f"/ui/{path.format(job=job)}")
    page = reply.body.decode()
    assert reply.status == 200
    assert "<script>alert" not in page
    assert EVIL in text(reply)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?! src=)", page)
    policy = reply.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_the_cookie_changes_something_through_the_api_only_with_the_seal_of_the_session(served: Served) -> None:
    browser = Browser(served)
    assert browser.log_in(token="user ann").status == 303
    job = submit(served, user="ann")
    seal, stranger = browser.seal(), Browser(served).seal()
    for headers in ({}, {"Awe-Form-Token": stranger}, {"Awe-Form-Token": seal[:-1]}, {"Awe-Form-Token": "é"}):
        assert browser.api("DELETE", f"/job/{job}", headers).status == 404
    assert browser.api("DELETE", f"/job/{job}", {"Awe-Form-Token": seal}).status == 200
    foreign = {"Awe-Form-Token": seal, "Origin": "https://evil.example"}
    assert browser.api("DELETE", f"/job/{submit(served, user='ann')}", foreign).status == 401


def test_a_page_that_is_the_same_is_not_sent_again(served: Served) -> None:
    first = served.call("GET", "/ui/")
    again = served.call("GET", "/ui/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    submit(served)
    assert served.call("GET", "/ui/", headers={"If-None-Match": first.headers["ETag"]}).status == 200


def test_static_files_are_kept_for_ever_and_known_by_their_digest(served: Served) -> None:
    reply = served.call("GET", f"/ui/{address('awed.css')}")
    assert (reply.status, reply.body) == (200, assets()["awed.css"].body)
    assert "immutable" in reply.headers["Cache-Control"]
    for path in ("static/000000000000/awed.css", address("nothing.css"), address("..%2fassets.py")):
        assert served.call("GET", f"/ui/{path}").status == 404


def test_all_files_together_are_small() -> None:
    assert sum(len(asset.body) for asset in assets().values()) < 150_000


def test_errors_are_pages(served: Served) -> None:
    for path in ("job/1b670b2b-1b67-4b67-8b67-1b670b2b1b67", "nowhere", f"job/{submit(served)}/task/zz"):
        reply = served.call("GET", f"/ui/{path}")
        assert (reply.status, 'role="alert"' in text(reply)) == (404, True)
        assert "text/html" in reply.headers["Content-Type"]


def test_one_sees_what_one_may_read(served: Served) -> None:
    job = submit(served, user="ann", name="secret")
    assert "secret" not in text(served.call("GET", "/ui/"))
    assert "secret" in text(served.call("GET", "/ui/", user="ann"))
    for path in (f"job/{job}", f"job/{job}/task/a"):
        refused = served.call("GET", f"/ui/{path}")
        assert (refused.status, "secret" in text(refused), 'name="token"' in text(refused)) == (404, False, True)
        assert served.call("GET", f"/ui/{path}", user="ann").status == 200


def test_a_link_on_another_site_is_followed_once_more_from_here(served: Served) -> None:
    """So that the browser says who one is, which it does not on the way from another site."""
    navigation = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    reply = served.call("GET", "/ui/", headers=navigation)
    assert (reply.status, 'http-equiv="refresh"' in text(reply), "Jobs" in text(reply)) == (200, True, False)
    reply = served.call("GET", "/ui/", headers={**navigation, "Sec-Fetch-Mode": "cors"})
    assert reply.status == 401


def test_a_change_is_made_by_a_form_of_ours_alone(served: Served) -> None:
    browser, job = Browser(served), submit(served)
    for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        assert browser.post(f"/ui/job/{job}?suspend", {}, **headers).status == 401
    for seal in ("", "0" * 64, browser.seal()[:-1]):
        assert browser.post(f"/ui/job/{job}?suspend", {}, seal=seal).status == 401
        assert browser.post("/ui/jobs", {"job": job, "do": "delete"}, seal=seal).status == 401
    assert data(served.call("GET", f"/job/{job}"))["state"] == "queued"
    reply = browser.post(f"/ui/job/{job}?suspend", {})
    assert (reply.status, reply.headers["Location"]) == (303, f"../job/{job}")
    assert data(served.call("GET", f"/job/{job}"))["state"] == "suspend"


def test_with_a_token_in_the_header_no_form_is_asked_for(served: Served) -> None:
    job = submit(served, user="ann")
    assert served.call("POST", f"/ui/job/{job}?suspend", user="ann").status == 303
    assert served.call("POST", f"/ui/job/{job}?suspend", user="bob").status == 404
