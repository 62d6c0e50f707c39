"""``/queue`` and ``/``."""

from typing import Any

from tests.unit.api.served import NOW, Served, data, fault

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


def test_the_counters_as_text(served: Served) -> None:
    served.submit(JOB)
    served.register(id="c1")
    text = data(served.call("GET", "/queue"))
    assert text == (
        "++++++++AWE server queue status++++++++\n"
        "total jobs ............... 1\n"
        "    active:           (1)\n"
        "    suspended:        (0)\n"
        "total tasks .............. 1\n"
        "    queuing:          (1)\n"
        "    in-progress:      (0)\n"
        "    pending:          (0)\n"
        "    completed:        (0)\n"
        "    suspended:        (0)\n"
        "    failed & skipped: (0)\n"
        "total workunits .......... 1\n"
        "    queuing:          (1)\n"
        "    checkout:         (0)\n"
        "    suspended:        (0)\n"
        "total clients ............ 1\n"
        "    busy:             (0)\n"
        "    idle:             (1)\n"
        "    suspend:          (0)\n"
        "---last update: 2026-11-23 20:41:05.000000 +0000 UTC\n"
        "\n"
    )


def test_the_counters_as_json(served: Served) -> None:
    assert served.call("GET", "/queue?json").body == (
        b'{"status":200,"data":{"jobs":{"total":0,"active":0,"suspended":0,"init":0,"queued":0,"in-progress":0,"suspend":0},'
        b'"tasks":{"total":0,"queuing":0,"in-progress":0,"pending":0,"completed":0,"suspended":0,"failed":0,"queued":0,"suspend":0},'
        b'"workunits":{"total":0,"queuing":0,"checkout":0,"suspended":0,"queued":0,"suspend":0},'
        b'"clients":{"total":0,"busy":0,"idle":0,"suspended":0,"online":0}},"error":null}'
    )


def test_the_numbers_of_the_states_are_the_total(served: Served) -> None:
    """As a monitor of the last development version reads them."""
    chain = [{"taskid": str(n), "cmd": {"name": "true"}, "dependsOn": ["0"][:n], "totalwork": 2} for n in range(2)]
    for _ in range(2):
        job_id = served.submit({"tasks": chain})["id"]
    served.call("PUT", f"/job/{job_id}?suspend")
    for client in ("c1", "c2", "c3"):
        served.register(id=client)
    served.call("GET", "/work?client=c1")
    served.call("PUT", "/client/c2?suspend")
    found = data(served.call("GET", "/queue?json"))
    by_state = {
        "jobs": {"init": 0, "queued": 0, "in-progress": 1, "suspend": 1},
        "tasks": {"pending": 2, "queued": 0, "in-progress": 1, "completed": 0, "suspend": 1},
        "workunits": {"queued": 1, "checkout": 1, "suspend": 2},
        "clients": {"online": 1, "busy": 1, "suspended": 1},
    }
    for kind, numbers in by_state.items():
        assert numbers.items() <= found[kind].items()
        assert found[kind]["total"] == sum(numbers.values())


def test_the_rest_is_for_admins(served: Served) -> None:
    job_id = served.submit(JOB)["id"]
    suspended = served.submit(JOB)["id"]
    served.call("PUT", f"/job/{suspended}?suspend")
    served.register(id="c1")
    for query in ("job", "task", "work", "client", "what"):
        assert fault(served.call("GET", f"/queue?{query}"), 401) == "No Authorization"
    assert fault(served.call("GET", "/queue?what", user="root")) == "requested queue operation not supported"
    jobs = data(served.call("GET", "/queue?job", user="root"))
    assert (list(jobs["active"]), jobs["suspend"]) == ([job_id], {suspended: True})
    tasks = data(served.call("GET", "/queue?task", user="root"))
    assert [(task["taskid"], task["state"]) for task in tasks] == [
        (f"{job_id}_0", "queued"),
        (f"{suspended}_0", "suspend"),
    ]
    assert data(served.call("GET", "/queue?work", user="root"))[f"{job_id}_0_0"]["state"] == "queued"
    assert data(served.call("GET", "/queue?client", user="root"))["c1"]["Status"] == "active-idle"


def test_the_work_that_is_out(served: Served) -> None:
    array = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}, "totalwork": 3}]}
    job_id = served.submit(array)["id"]
    served.register(id="c1")
    served.call("GET", "/work?client=c1")
    job = data(served.call("GET", "/queue?job", user="root"))["active"][job_id]
    assert list(job) == ["id", "queued", "start", "end", "resp", "task_stats", "work_stats"]
    [(wuid, perf)] = job["work_stats"].items()
    assert (wuid, perf["checkout"], perf["client_id"]) == (f"{job_id}_0_1", int(NOW.timestamp()), "c1")


def test_what_a_group_works_at(served: Served) -> None:
    """Whole jobs, of which each sees their own."""
    mine, anns = served.submit(JOB), served.submit(JOB, user="ann")
    served.clock.advance(1)
    served.submit(JOB)
    served.register(id="c1", group="g", slots=2)
    assert data(served.call("GET", "/queue?clientgroup=g")) == []
    for _ in range(2):
        served.call("GET", "/work?client=c1")

    def running(user: str) -> list[Any]:
        return list(data(served.call("GET", "/queue?clientgroup=g", user=user)))

    assert running("bob") == [data(served.call("GET", f"/job/{mine['id']}"))]
    assert [job["id"] for job in running("ann")] == [mine["id"], anns["id"]]
    assert fault(served.call("GET", "/queue?clientgroup=h")) == "clientgroup not found: h"


def test_the_queue_is_suspended_by_admins(served: Served) -> None:
    served.submit(JOB)
    served.register(id="c1")
    assert fault(served.call("PUT", "/queue?suspend"), 401) == "No Authorization"
    assert data(served.call("PUT", "/queue?suspend", user="root")) == "work queue suspended"
    assert served.call("GET", "/").json["queue_status"] == "suspended"
    assert fault(served.call("GET", "/work?client=c1")) == "Server queue is suspended"
    assert data(served.call("PUT", "/queue?resume", user="root")) == "work queue resumed"
    assert served.call("GET", "/work?client=c1").status == 200
    assert fault(served.call("PUT", "/queue", user="root")) == "requested queue operation not supported"
    assert fault(served.call("DELETE", "/queue"), 501) == "Not Implemented"


def test_the_front_page(served: Served) -> None:
    page = served.call("GET", "/").json
    assert list(page) == [
        "resources",
        "info_indexes",
        "url",
        "title",
        "contact",
        "id",
        "auth",
        "anonymous_permissions",
        "type",
        "queue_status",
        "version",
        "server_time",
        "uptime",
        "uuid",
    ]
    assert {"job", "work", "client", "queue"} <= set(page["resources"])
    assert (page["id"], page["type"], page["queue_status"]) == ("AWE", "server", "running")
    assert page["url"] == "http://awe.example:8001/"
    assert page["server_time"] == "2026-11-23T20:41:05Z"
    assert page["uptime"] == "0h0m0s"
    assert page["anonymous_permissions"] == {"read": True, "write": True, "delete": True}
