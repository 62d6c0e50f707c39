"""The page of a job: what each action will do, how a task's runs ended, and what they used."""

import re
from typing import Any

import pytest

from awed.ui import side
from tests.unit.api.served import Served, data
from tests.unit.ui.browsing import Browser, text
from tests.unit.ui.test_frame import EVIL

CHAIN = [
    {"taskid": "a", "cmd": {"name": "x"}, "resources": {"cores": 1, "memory": "1G"}},
    {"taskid": "b", "cmd": {"name": "x"}, "dependsOn": ["a"]},
    {"taskid": "c", "cmd": {"name": "x"}, "dependsOn": ["b"]},
]

FILES = ("perf", "worknotes", "stdout")


def run(served: Served, client: str = "c1", **report: Any) -> None:
    """Run the next workunit."""
    work = data(served.call("GET", f"/work?client={client}"))["id"]
    served.clock.advance(10)
    fields = "&".join(f"{name}={value}" for name, value in report.items() if name not in FILES)
    files = {name: report[name] for name in FILES if name in report}
    assert served.call("PUT", f"/work/{work}?client={client}&{fields}", files or None).status == 200


def failed(served: Served) -> str:
    """The id of a job whose first task failed twice, once for want of memory."""
    retry = {"exit": 0, "memory": 1}
    job = str(served.submit({"info": {"name": "n", "retry": retry}, "tasks": CHAIN})["id"])
    for client in ("c1", "c2"):
        served.register(id=client, name="box", resources={"cores": 1, "memory": "4G"})
    run(
        served, status="fail", cause="memory", exitstatus=137, perf='{"max_mem_usage": 943718400, "cpu_seconds": 5.0}'
    )
    run(served, "c2", status="fail", cause="exit", exitstatus=3, worknotes=EVIL)
    return job


def test_a_tasks_runs_are_shown_with_causes_and_what_they_used_of_what_they_had(served: Served) -> None:
    page = text(served.call("GET", f"/ui/job/{failed(served)}/task/a"))
    assert re.findall(r'data-attempt="(\d)" data-cause="(\w+)"', page) == [("2", "exit"), ("1", "memory")]
    assert "exit status 3" in page
    assert "memory 900 MB of 1 GB" in page
    assert "cores 0.50 of 1" in page
    assert "1 core, 1 GB memory" in page
    assert "<script>alert" not in served.call("GET", f"/ui/job/{failed(served)}/task/a").body.decode()


def test_a_result_that_was_used_again_leads_to_the_job_that_has_run(served: Served) -> None:
    again = {"tasks": [{"taskid": "a", "cmd": {"name": "x"}, "reuse": "both"}]}
    first = served.submit(again)["id"]
    served.register(id="c1")
    run(served, status="done")
    page = served.call("GET", f"/ui/job/{served.submit(again)['id']}/task/a").body.decode()
    assert re.search(rf'Result of</dt><dd><a href="[./]*job/{first}">job {first[:8]}</a>', page)


def test_a_task_is_recomputed_from_its_side_with_all_that_depend_on_it(served: Served) -> None:
    browser, job = Browser(served), failed(served)
    page = text(browser.get(f"/ui/job/{job}/task/a"))
    assert "a runs again, and then what depends on it, 2 tasks: b, c." in page
    assert "c runs again. The" in text(browser.get(f"/ui/job/{job}/task/c"))
    assert browser.post(f"/ui/job/{job}?recompute", {"task": "a"}).status == 303
    page = text(browser.get(f"/ui/job/{job}/task/a"))
    assert "recompute" not in page.lower()
    run(served, status="done")
    data(served.call("GET", "/work?client=c1"))
    assert "What runs now is stopped: 1 task." in text(browser.get(f"/ui/job/{job}"))


def test_the_worker_that_runs_a_task_is_named_to_those_who_may_see_it(served: Served) -> None:
    data(served.call("POST", "/cgroup/secret", user="ann"))
    served.call(
        "POST", "/client", {"profile": b'{"id": "c9", "name": "box", "group": "secret", "apps": ["*"]}'}, user="ann"
    )
    document = {"info": {"name": "n", "clientgroups": "secret"}, "tasks": CHAIN[:1]}
    job = served.submit(document, user="ann")["id"]
    data(served.call("PUT", f"/job/{job}/acl/read?users=bob", user="ann"))
    assert served.call("GET", "/work?client=c9", user="ann").status == 200
    assert "#w-c9" in text(served.call("GET", f"/ui/job/{job}/task/a", user="ann"))
    page = text(served.call("GET", f"/ui/job/{job}/task/a", user="bob"))
    assert ("#w-c9" in page, "box" in re.sub(r'class="[^"]*"', "", page)) == (False, False)


def test_a_log_is_cut_by_its_bytes_and_not_within_a_character(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = served.submit({"info": {"name": "n"}, "tasks": CHAIN[:1]})["id"]
    served.register(id="c1", name="box")
    run(served, status="done", stdout="a€€")
    assert ">a€€</pre>" in text(served.call("GET", f"/ui/job/{job}/task/a"))
    monkeypatch.setattr(side, "TAIL", 5)
    page = text(served.call("GET", f"/ui/job/{job}/task/a"))
    assert ">€</pre>" in page
    assert "the last 5 B" in page


def test_the_parts_of_a_split_task_are_a_table_in_which_those_alike_share_a_row(served: Served) -> None:
    served.register(id="c1", name="box", slots=4)
    job = served.submit(
        {"info": {"name": "n"}, "tasks": [{"taskid": "a", "cmd": {"name": "x"}, "totalwork": 10_000}]}
    )["id"]

    def rows() -> list[tuple[str, str]]:
        page = text(served.call("GET", f"/ui/job/{job}/task/a"))
        return re.findall(r'data-parts="([0-9-]+)" data-state="([a-z-]+)"', page)

    assert rows() == [("1-10000", "queued")]
    run(served, status="done")
    data(served.call("GET", "/work?client=c1"))
    assert rows() == [("1-1", "completed"), ("2-2", "checkout"), ("3-10000", "queued")]
    assert "part=3" in text(served.call("GET", f"/ui/job/{job}/task/a"))
    data(served.call("PUT", f"/job/{job}?suspend"))
    assert rows() == [("1-1", "completed"), ("2-2", "suspend"), ("3-10000", "suspend")]
    assert served.call("GET", f"/ui/job/{job}/task/a?part=10000").status == 200


def test_the_page_of_a_run_lists_its_steps_with_links_and_each_step_leads_back(served: Served) -> None:
    """The list of jobs has the run alone, unless it is asked for steps."""
    run = str(served.submit({"info": {"name": "flow"}, "tasks": [{**CHAIN[0], "resources": {"runs": 1}}]})["id"])
    assert "There are no steps yet." in text(served.call("GET", f"/ui/job/{run}"))
    infos = [{"name": name, "parent": run} for name in ("one", EVIL)]
    steps = []
    for info in infos:
        steps.append(str(served.submit({"info": info, "tasks": CHAIN[:1]})["id"]))
        served.clock.advance(1)  # the older one comes first
    page = served.call("GET", f"/ui/job/{run}").body.decode()
    assert re.findall(r'data-step="([^"]+)"', page) == steps
    assert "<script>alert" not in page
    assert f'data-job="{run}"' not in page, "as events of steps refresh it as well"
    assert f'href="../job/{run}"' in served.call("GET", f"/ui/job/{steps[0]}").body.decode()
    assert "Steps" not in text(served.call("GET", f"/ui/job/{steps[0]}"))
    for query, number in (("", 1), (f"?q=run:{run}", 2), ("?q=steps:yes", 3)):
        assert served.call("GET", f"/ui/{query}").body.count(b'class="c-name"') == number, query


def test_a_job_that_has_ended_or_failed_has_its_crate_beside_its_files(served: Served) -> None:
    job = failed(served)
    page = served.call("GET", f"/ui/job/{job}?tab=files").body.decode()
    assert re.search(rf'<a [^>]*href="[^"]*job/{job}\?crate"', page)
    active = served.submit({"info": {"name": "n"}, "tasks": CHAIN})["id"]
    assert "?crate" not in served.call("GET", f"/ui/job/{active}?tab=files").body.decode()
