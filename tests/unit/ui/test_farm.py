"""The pages of workers and queue: what each user may see and change."""

from tests.unit.api.served import Served, data
from tests.unit.ui.browsing import Browser, text
from tests.unit.ui.test_frame import submit


def test_a_worker_shows_what_it_runs_and_can_be_suspended(served: Served) -> None:
    job = submit(served)
    served.register(id="c1", name="box", group="g", offers={"cores": 2})
    served.call("GET", "/work?client=c1")
    page = text(served.call("GET", "/ui/workers"))
    assert f"{job[:8]} a" in page
    assert "1 busy, 0 idle" in page
    assert 'data-label="Heard">now<' in page
    served.clock.advance(20)
    assert 'data-label="Heard">20 s ago<' in text(served.call("GET", "/ui/workers"))
    served.call("GET", "/client/c1?heartbeat")
    assert 'data-label="Heard">now<' in text(served.call("GET", "/ui/workers"))
    browser = Browser(served)
    assert browser.post("/ui/workers/c1?suspend", {}).status == 303
    assert data(served.call("GET", "/client/c1"))["Status"] == "suspend"
    assert browser.post("/ui/workers/c1?resume", {}).status == 303
    assert browser.post("/ui/workers/c1?resume", {}).status == 400


def test_what_a_worker_runs_is_shown_to_those_who_may_read_it(served: Served) -> None:
    client = served.register()["id"]
    job = submit(served, user="ann")
    data(served.call("GET", f"/work?client={client}"))
    for path in ("/ui/workers", "/ui/farm"):
        assert f"job/{job}/task/a" in text(served.call("GET", path, user="ann"))
        assert job[:8] not in text(served.call("GET", path, user="bob"))
    assert "and 1 more" in text(served.call("GET", "/ui/workers", user="bob"))


def test_workers_of_a_group_that_one_may_not_read_are_not_there(served: Served) -> None:
    data(served.call("POST", "/cgroup/secret", user="ann"))
    served.call("POST", "/client", {"profile": b'{"id": "c9", "group": "secret", "apps": ["*"]}'}, user="ann")
    assert 'data-client="c9"' not in text(served.call("GET", "/ui/workers"))
    assert 'data-client="c9"' in text(served.call("GET", "/ui/workers", user="ann"))


def test_the_queue_says_what_waits_and_why(served: Served) -> None:
    submit(served, name="waiting one")
    page = text(served.call("GET", "/ui/queue"))
    assert "waiting one" in page
    assert "no worker is registered" in page
    assert "echo" in page


def test_sizes_are_in_the_units_in_which_people_write_them(served: Served) -> None:
    needs = {"memory": "64G"}
    task = {"taskid": "a", "cmd": {"name": "echo"}, "resources": needs}
    served.submit({"info": {"name": "large"}, "tasks": [task]})
    served.register(id="c1", resources={"cores": 2, "memory": "96G"})
    assert "64 GB memory" in text(served.call("GET", "/ui/queue"))
    assert "0 B of 96 GB" in text(served.call("GET", "/ui/workers"))


def test_the_queue_says_of_each_kind_of_work_why_it_waits(served: Served) -> None:
    served.register(id="c1", apps=["cat"])
    for name in ("cat", "echo"):
        task = {"taskid": "a", "cmd": {"name": name}}
        served.submit({"info": {"name": name}, "tasks": [task]})
    page = text(served.call("GET", "/ui/queue"))
    kinds = page[page.index('id="kinds"') : page.index('id="waiting"')]
    assert "1 worker: 1 free to take it" in kinds
    assert "1 worker: 1 lacks the command" in kinds


def test_what_others_ask_for_is_not_told(served: Served) -> None:
    submit(served, user="ann", name="secret one")
    page = text(served.call("GET", "/ui/queue", user="bob"))
    assert "secret one" not in page
    assert "<code>echo" not in page
    assert "<code>echo" in text(served.call("GET", "/ui/queue", user="root"))


def test_the_queue_is_suspended_by_administrators_alone(served: Served) -> None:
    browser = Browser(served)
    assert browser.post("/ui/queue?suspend", {}).status == 401
    assert served.call("POST", "/ui/queue?suspend", user="root").status == 303
    assert "nothing is handed out" in text(browser.get("/ui/queue"))
    assert served.call("POST", "/ui/queue?resume", user="root").status == 303


def test_the_farm_shows_what_each_worker_ran(served: Served) -> None:
    job = submit(served)
    served.register(id="c1", name="box")
    work = data(served.call("GET", "/work?client=c1"))["id"]
    page = text(served.call("GET", "/ui/farm"))
    assert 'data-lane="c1"' in page
    assert f'href="./job/{job}/task/a" aria-label="{job[:8]} a: runs now"' in page
    served.clock.advance(60)
    served.call("PUT", f"/work/{work}?client=c1&status=done")
    page = text(served.call("GET", "/ui/farm?hours=1"))
    assert f"{job[:8]} a: done, 1 min" in page
    assert 'data-label="Busy">100 %<' in page  # of the time since it is here
    served.call("DELETE", "/client/c1")
    assert ">gone<" in text(served.call("GET", "/ui/farm"))
    assert served.call("GET", "/ui/farm?hours=2").status == 400


def test_the_farm_names_neither_workers_nor_jobs_that_one_may_not_read(served: Served) -> None:
    data(served.call("POST", "/cgroup/secret", user="ann"))
    served.call("POST", "/client", {"profile": b'{"id": "c9", "group": "secret", "apps": ["*"]}'}, user="ann")
    assert 'data-lane="c9"' not in text(served.call("GET", "/ui/farm"))
    assert 'data-lane="c9"' in text(served.call("GET", "/ui/farm", user="ann"))
    served.register(id="c1", name="box")
    submit(served, user="ann")
    work = data(served.call("GET", "/work?client=c1"))["id"]
    served.clock.advance(60)
    served.call("PUT", f"/work/{work}?client=c1&status=done")
    assert "done, 1 min" in text(served.call("GET", "/ui/farm", user="bob"))
    assert work[:8] not in text(served.call("GET", "/ui/farm", user="bob"))
    assert work[:8] in text(served.call("GET", "/ui/farm", user="ann"))


def test_many_short_runs_are_drawn_as_few_pieces(served: Served) -> None:
    tasks = [{"taskid": str(number), "cmd": {"name": "x"}} for number in range(300)]
    served.submit({"info": {"name": "many"}, "tasks": tasks})
    served.register(id="c1", name="box")
    for _ in tasks:
        work = data(served.call("GET", "/work?client=c1"))["id"]
        served.clock.advance(0.1)
        served.call("PUT", f"/work/{work}?client=c1&status=done")
    served.clock.advance(3600)
    page = text(served.call("GET", "/ui/farm"))
    assert "149 runs, done" in page
    assert page.count('class="f-done"') < 5
