"""The list of jobs: search, pages, order, and what is done to several."""

import re
from pathlib import Path

import pytest

from awed.model.records import Batch
from tests.unit.api.served import NOW, Served, data, done
from tests.unit.store.records import job
from tests.unit.ui.browsing import Browser, text
from tests.unit.ui.test_frame import submit


def shown(served: Served, path: str, user: str = "") -> list[str]:
    """The names of the jobs on a page."""
    page = text(served.call("GET", f"/ui/{path}", user=user))
    return re.findall(r'class="c-name"><a href="[^"]*">([^<]*)<', page)


def test_the_search_box(served: Served) -> None:
    submit(served, name="Amplicon run 7", project="soil")
    submit(served, name="amplicon", project="sea")
    submit(served, user="ann", name="anns")
    assert set(shown(served, "?q=AMPLICON")) == {"amplicon", "Amplicon run 7"}
    assert shown(served, "?q=name:%22amplicon+run%22") == ["Amplicon run 7"]
    assert shown(served, "?q=project:sea+amplicon") == ["amplicon"]
    assert shown(served, "?q=user:me", user="ann") == ["anns"]
    assert shown(served, "?q=user:ann") == []
    assert shown(served, "?q=state:suspended") == []
    assert len(shown(served, "?q=state:queued+since:2d")) == 2
    assert shown(served, "?q=until:2d") == []
    assert shown(served, "?q=command:echo+id:zz") == []


def test_jobs_are_found_by_the_worker_that_ran_or_runs_them(served: Served) -> None:
    data(served.call("POST", "/cgroup/secret", user="ann"))
    profile = b'{"id": "c9aaaa", "name": "hidden", "group": "secret", "apps": ["*"]}'
    served.call("POST", "/client", {"profile": profile}, user="ann")
    for client in ("c1", "c2"):
        served.register(id=f"{client}-0000", name=client)
        submit(served, name=f"at {client}")
        work = data(served.call("GET", f"/work?client={client}-0000"))["id"]
    served.call("PUT", f"/work/{work}?client=c2-0000&status=done")
    served.call("DELETE", "/client/c2-0000")
    submit(served, name="nowhere")
    assert shown(served, "?q=worker:C1") == ["at c1"]
    assert shown(served, "?q=worker:c1-0+state:suspended") == []
    assert shown(served, "?q=worker:c2-0+at") == ["at c2"]
    assert shown(served, "?q=worker:c1+worker:c2-0") == []
    for unknown in ("c2", "c9aaaa", "hidden", "c9aa", "%3Cscript%3E"):
        reply = served.call("GET", f"/ui/?q=worker:{unknown}")
        assert (reply.status, "none that you may see" in text(reply)) == (400, True)
        assert "<script>" not in reply.body.decode()
    assert served.call("GET", "/ui/?q=worker:hidden", user="ann").status == 200


@pytest.mark.parametrize(
    ("q", "told"),
    [
        ("state:lost", "state: must be one of init, queued,"),
        ("colour:red", "colour: is none of the words that can stand before a colon: state, name, id,"),
        ("since:soon", "since: must be like 30m, 12h, 2d, 2026-11-30"),
        ('name:"x', 'a quotation mark " is open'),
        ("state:", "nothing stands after state:"),
        ("state:queued state:completed", "no job is in two states at once"),
    ],
)
def test_a_search_that_makes_no_sense_is_told_and_stays_in_the_box(served: Served, q: str, told: str) -> None:
    reply = served.call("GET", f"/ui/?q={q.replace(' ', '+')}")
    assert reply.status == 400
    assert told in text(reply)
    assert q in text(reply)


def test_pages_and_order_stand_in_the_address(served: Served) -> None:
    records = [job(f"{number:02}", owner="public", read=("public",), name=f"n{number:02}") for number in range(60)]
    done(served.store.commit(Batch(jobs=records)))
    first = text(served.call("GET", "/ui/?sort=name&up=1&q=n"))
    assert "1 to 25 of 60" in first
    assert "./?q=n&sort=name&up=1&offset=25" in first
    assert shown(served, "?sort=name&up=1&q=n&offset=50") == [f"n{number}" for number in range(50, 60)]
    assert served.call("GET", "/ui/?sort=color").status == 400


def test_bulk_changes_tell_of_each_that_failed(served: Served) -> None:
    mine, other, anns = submit(served), submit(served), submit(served, user="ann")
    browser = Browser(served)
    reply = browser.post("/ui/jobs", {"job": mine, "do": "suspend", "then": "?q=n"})
    assert (reply.status, reply.headers["Location"]) == (303, "./?q=n")
    assert data(served.call("GET", f"/job/{mine}"))["state"] == "suspend"
    reply = browser.post("/ui/jobs", {"job": anns, "do": "delete"})
    assert (reply.status, f"{anns[:8]}: job not found: {anns}" in text(reply)) == (400, True)
    assert browser.post("/ui/jobs", {"job": other, "do": "explode"}).status == 400
    assert browser.post("/ui/jobs", {"do": "suspend"}).status == 400


def test_bulk_changes_need_the_rights_of_single_ones(tmp_path: Path) -> None:
    served = Served(tmp_path, anonymous=["read", "write"])
    browser, job = Browser(served), submit(served)
    for path in (f"/ui/job/{job}?delete", "/ui/jobs"):
        assert browser.post(path, {"job": job, "do": "delete"}).status == 401
    assert data(served.call("GET", f"/job/{job}"))["state"] == "queued"


@pytest.mark.parametrize("number", ["9" * 19, "1e3", "\u0663", ""])
def test_a_priority_is_one_that_the_api_takes(served: Served, number: str) -> None:
    browser, job = Browser(served), submit(served)
    assert browser.post(f"/ui/job/{job}?priority", {"priority": number}).status == 400
    assert browser.post(f"/ui/job/{job}?priority", {"priority": "-3"}).status == 303
    assert data(served.call("GET", f"/job/{job}"))["info"]["priority"] == -3


def test_why_a_job_stands_still_is_in_its_row(served: Served) -> None:
    served.register(id="c1", group="g")
    job_id = served.submit(
        {"info": {"name": "n", "noretry": True}, "tasks": [{"taskid": "t", "cmd": {"name": "false"}}]}
    )
    work = data(served.call("GET", "/work?client=c1"))["wuid"]
    report = {"worknotes": "exit status 3"}
    assert served.call("PUT", f"/work/{work}?status=fail&report&client=c1", report).status == 200
    page = text(served.call("GET", "/ui/"))
    assert "Task t failed" in page
    assert "exit status 3" in page
    assert f'data-job="{job_id["id"]}"' in page
    assert NOW.strftime("%Y-%m-%d") in page
