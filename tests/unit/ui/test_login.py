"""Logging in and out: by a session, whose cookie no script reads and no other site makes a browser send."""

from pathlib import Path

import pytest

from tests.unit.api.served import Served, data
from tests.unit.ui.browsing import Browser, text
from tests.unit.ui.test_frame import submit


def test_a_token_becomes_a_session(served: Served) -> None:
    browser, job = Browser(served), submit(served, user="ann", name="secret")
    reply = browser.log_in(token="user ann", then=f"job/{job}?tab=tasks")
    assert (reply.status, reply.headers["Location"]) == (303, f"./job/{job}?tab=tasks")
    cookie = reply.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=86400"} <= set(cookie.split("; "))
    assert "secret" in text(browser.get(f"/ui/job/{job}"))
    assert "ann" in text(browser.get("/ui/"))


def test_the_session_is_known_to_the_api_where_nothing_is_changed(served: Served) -> None:
    """The page's script and links need it; what changes something, a browser must not do by itself."""
    browser, job = Browser(served), submit(served, user="ann")
    browser.log_in(token="user ann")
    assert data(browser.get(f"/job/{job}"))["id"] == job
    assert browser.get(f"/job/{job}", Origin="https://evil.example").status == 401
    assert served.call("PUT", f"/job/{job}?suspend", headers={"Cookie": browser.cookie}).status == 404
    assert served.call("DELETE", f"/job/{job}", headers={"Cookie": browser.cookie}).status == 404


def test_a_wrong_token_is_told_and_begins_nothing(served: Served) -> None:
    browser = Browser(served)
    for fields in ({"token": "nobody nobody"}, {}, {"token": ""}):
        reply = browser.log_in(**fields)
        assert (reply.status, 'role="alert"' in text(reply), browser.cookie) == (401, True, "")


def test_after_logging_out_the_session_is_over_also_for_who_kept_the_cookie(served: Served) -> None:
    browser, job = Browser(served), submit(served, user="ann")
    browser.log_in(token="user ann")
    kept = browser.cookie
    assert browser.post("/ui/logout", {}).status == 303
    assert browser.cookie == ""
    browser.cookie = kept
    assert browser.get(f"/ui/job/{job}").status == 401


def test_a_form_counts_in_its_own_session_alone(served: Served) -> None:
    browser, job = Browser(served), submit(served, user="ann")
    seal = browser.seal()
    browser.log_in(token="user ann")
    assert browser.post(f"/ui/job/{job}?suspend", {}, seal=seal).status == 401
    assert browser.post(f"/ui/job/{job}?suspend", {}).status == 303
    other = Browser(served)
    other.log_in(token="user bob")
    assert other.post(f"/ui/job/{job}?resume", {}).status == 404


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}])
def test_another_site_logs_nobody_in_or_out(served: Served, headers: dict[str, str]) -> None:
    """It knows what a login form carries without a session, as it can ask for one itself."""
    evil, browser = Browser(served), Browser(served)
    assert browser.post("/ui/login", {"token": "user evil"}, seal=evil.seal(), **headers).status == 401
    assert browser.cookie == ""
    reply = browser.post("/ui/logout", {}, seal=evil.seal(), **headers)
    assert (reply.status, "Set-Cookie" in reply.headers) == (401, False)


def test_no_session_makes_another_that_lasts_longer(served: Served) -> None:
    browser, other = Browser(served), Browser(served)
    browser.log_in(token="user ann")
    secret = browser.cookie.partition("=")[2]
    for word in ("session", "Session"):
        assert (other.log_in(token=f"{word} {secret}").status, other.cookie) == (401, "")


def test_a_browser_keeps_nothing_that_it_saw_in_a_session(served: Served) -> None:
    browser, job = Browser(served), submit(served, user="ann")
    assert browser.get("/ui/").headers["Cache-Control"] == "private, no-cache"
    browser.log_in(token="user ann")
    for path in ("/ui/", f"/ui/job/{job}", f"/ui/job/{'0' * 8}", f"/job/{job}", "/node"):
        assert browser.get(path).headers["Cache-Control"] == "private, no-store"
    reply = browser.post("/ui/submit?check", {"document": "{}"})
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, no-store")


def test_a_login_leads_nowhere_else(served: Served) -> None:
    for then in ("//evil.example", "https://evil.example", "\\\\evil.example"):
        reply = Browser(served).log_in(token="user ann", then=then)
        assert reply.headers["Location"] == f"./{then}"


def test_where_nobody_may_read_without_a_name_the_page_asks_for_one(tmp_path: Path) -> None:
    browser = Browser(Served(tmp_path, anonymous=()))
    reply = browser.get("/ui/?q=x")
    assert (reply.status, 'name="then" value="?q=x"' in text(reply)) == (401, True)
    browser.log_in(token="user ann")
    assert browser.get("/ui/?q=x").status == 200
