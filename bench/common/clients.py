"""The requests of simulated users and workers."""

import time
from typing import Any

import msgspec
from msgspec import Struct

from bench.common.wire import Address, Script, ask, form, forms, request

Document = dict[str, Any]

LOOK = 0.02
"""Seconds between two looks whether everything is done."""

_PERF = {
    "queued": 1767225600,
    "done": 1767225601,
    "resp": 1,
    "checkout": 1767225600,
    "deliver": 1767225601,
    "clientresp": 1,
    "time_predata_in": 0.0,
    "time_data_in": 0.0,
    "time_data_out": 0.0,
    "runtime": 0.0012,
    "dockerprep": 0,
    "max_mem_usage": 1572864,
    "max_memory_total_rss": 0,
    "max_memory_total_swap": 0,
    "client_id": "4b3e5b0e-3c9c-4f0e-8a53-5d5a0d5b6c11",
    "size_predata": 0,
    "size_infile": 0,
    "size_outfile": 0,
}

REPORT_FORM, REPORT_TYPE = forms([("perf", msgspec.json.encode(_PERF)), ("stdout", b"hello\n")])
"""The body of a report as a worker sends it, and its content type."""


_DONE = {"status": "done", "computetime": 0, "exitstatus": 0, "perf": _PERF, "stdout": "hello\n"}


class Handed(Struct):
    """What a worker must know of a workunit to report it."""

    wuid: str
    attempt: int


handed = msgspec.json.Decoder(Handed)
handed_list = msgspec.json.Decoder(list[Handed])


KINDS = 50
"""Different needs, where what these cost is measured; the goal there is to stay within NEEDS_COST."""

NEEDS_COST = 1.15

_OFFERED = {"cores": 1000, "memory": 1 << 40}


def job(tasks: int = 1, work: int = 1, chain: bool = False, command: str = "true", kinds: int = 0) -> Document:
    """A workflow of *tasks* tasks without files, of *work* workunits each; *chain*: each waits for the one before.
    *kinds*: how many different needs they have, 0 if they say none."""
    return {
        "info": {"name": "bench", "project": "bench", "user": "bench", "pipeline": "bench"},
        "tasks": [
            {
                "taskid": str(number),
                "totalwork": work,
                "cmd": {"name": command, "args": "", "description": "measured"},
                "dependsOn": [str(number - 1)] if chain and number else [],
                **({"resources": _needs(number % kinds)} if kinds else {}),
            }
            for number in range(tasks)
        ],
    }


def _needs(kind: int) -> Document:
    return {"cores": 1 + kind % 4, "memory": (1 + kind // 4) << 20}


def submission(document: Document) -> bytes:
    """The request that submits a job."""
    body, content_type = form("upload", msgspec.json.encode(document))
    return request("POST", "/job", body, content_type)


def submit(address: Address, document: Document) -> Document:
    """Submit a job: what the server says of it."""
    answer: Document = msgspec.json.decode(ask(address, submission(document)).data())
    return answer


def complete(address: Address, document: Document) -> float:
    """Submit a job that real workers run: the seconds until all of it is done, and durable."""
    began = time.perf_counter()
    job_id = submit(address, document)["id"]
    while _asked(address, "/queue?json")["jobs"]["total"]:
        time.sleep(LOOK)
    took = time.perf_counter() - began
    told = _asked(address, f"/job/{job_id}?perf")["work_stats"]
    if len(told) != len(document["tasks"]):
        raise SystemExit(f"{len(told)} of {len(document['tasks'])} tasks left a result")
    return took


def _asked(address: Address, path: str) -> Document:
    answer: Document = msgspec.json.decode(ask(address, request("GET", path)).data())
    return answer


def registration(name: str, slots: int = 1, tells: bool = False) -> bytes:
    """The request that registers a worker; *name* is its id as well. *tells*: it says what its machine has."""
    profile = {"id": name, "name": name, "group": "bench", "apps": ["*"], "slots": slots}
    if tells:
        profile["resources"] = _OFFERED
    body, content_type = form("profile", msgspec.json.encode(profile))
    return request("POST", "/client", body, content_type)


def register(address: Address, count: int, slots: int = 1, tells: bool = False) -> list[str]:
    """Register *count* workers: their ids. *tells*: see :func:`registration`."""
    names = [f"worker-{number}" for number in range(count)]
    for name in names:
        ask(address, registration(name, slots, tells)).data()
    return names


def worker(client: str, most: int) -> Script:
    """A worker that checks out and reports, one workunit after the other, up to *most*."""
    checkout = request("GET", f"/work?client={client}")
    for _ in range(most):
        unit = handed.decode((yield checkout).data())
        yield report(client, unit)


def batch_worker(client: str, at_once: int, most: int) -> Script:
    """The same with up to *at_once* workunits in each request."""
    while most > 0:
        units = handed_list.decode((yield request("GET", f"/work?client={client}&max={min(at_once, most)}")).data())
        most -= len(units)
        reports = [{"wuid": unit.wuid, "attempt": unit.attempt, **_DONE} for unit in units]
        (yield request("PUT", f"/work?client={client}", msgspec.json.encode(reports))).data()


def report(client: str, unit: Handed) -> bytes:
    """The request that reports a workunit done."""
    path = f"/work/{unit.wuid}?status=done&client={client}&computetime=0&exitstatus=0&attempt={unit.attempt}&report"
    return request("PUT", path, REPORT_FORM, REPORT_TYPE)
