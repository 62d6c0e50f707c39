"""Why a job is not done, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from awed.cli.show import moment
from awed.cli.why import Facts, explain, waits
from awed.model.client import Client
from awed.model.job import Cmd, Info, Job, JobError
from awed.model.states import ClientState, JobState, TaskState
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, job, task

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORKER = Client(id="42becfc8-36b9-43a4-ae9c-a11546daa7ed", name="w1", apps=["*"])
ERROR = JobError(
    clientfailed=WORKER.id,
    workfailed=f"{JOB_ID}_orfs_3",
    taskfailed=f"{JOB_ID}_orfs",
    servernotes="workunit failed 3 time(s)",
    worknotes="killed by signal 9 (SIGKILL)",
    apperror="".join(f"line {number}\n" for number in range(20)),
)


def told(what: Job, *clients: Client, queue_suspended: bool = False) -> list[str]:
    return list(explain(Facts(what, clients, queue_suspended, NOW)))


def failed(error: JobError | None, notes: str = "") -> Job:
    orfs = task("orfs", TaskState.SUSPEND, totalwork=6, cmd=Cmd(name="orfs", args="-m 100 @genome"))
    return job(task("a", TaskState.COMPLETED), orfs, state=JobState.SUSPEND, error=error, notes=notes)


def test_a_failure_names_task_part_command_worker_and_end() -> None:
    lines = told(failed(ERROR), WORKER)
    assert lines[:5] == [
        "Job 128068d0 (lambda) is suspended, 1/2 tasks done.",
        "Task orfs, part 3 of 6, failed: workunit failed 3 time(s).",
        "It runs: orfs -m 100 @genome",
        "Its last run was on worker w1: killed by signal 9 (SIGKILL).",
        "The end of its stderr:",
    ]
    assert lines[5:-1] == [f"    line {number}" for number in range(10, 20)]
    assert lines[-1] == "Once the cause is gone: awe resume 128068d0"


def test_a_worker_that_is_gone_is_named_by_its_id() -> None:
    assert any("on worker 42becfc8 (gone since):" in line for line in told(failed(ERROR)))


def test_a_silent_failure_says_so() -> None:
    silent = JobError(taskfailed=f"{JOB_ID}_orfs", workfailed=f"{JOB_ID}_orfs_1", clientfailed=WORKER.id)
    assert "It wrote nothing to stderr." in told(failed(silent), WORKER)


def test_a_task_that_could_not_be_prepared() -> None:
    error = JobError(taskfailed=f"{JOB_ID}_a", servernotes="input x: Node not found")
    lines = told(failed(error))
    assert lines[1] == "Task a failed: input x: Node not found."
    assert len(lines) == 4


def test_a_job_suspended_by_hand() -> None:
    assert told(failed(None, "manually suspended"))[1] == "Nothing failed: manually suspended."


def test_a_completed_job_needs_no_reasons() -> None:
    assert told(job(task("a", TaskState.COMPLETED), state=JobState.COMPLETED)) == [
        "Job 128068d0 (lambda) is completed, 1/1 tasks done."
    ]


def test_a_job_without_a_name() -> None:
    assert told(job(state=JobState.DELETED, name="")) == ["Job 128068d0 is deleted, 0/0 tasks done."]


def test_a_job_that_is_to_start_later() -> None:
    later = job(task("a"), info=Info(start_at=NOW + timedelta(hours=1)))
    assert any(line.startswith("It is to start at") for line in told(later))


def test_a_suspended_queue_is_mentioned() -> None:
    assert any("queue is suspended" in line for line in told(job(task("a")), queue_suspended=True))


def test_the_command_asks_for_all_it_needs(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}", failed(ERROR))
    server.on("GET /client", [WORKER])
    server.raw("GET /", (200, b'{"queue_status":"running"}'))
    assert awe("why", JOB_ID) == 0
    assert "Its last run was on worker w1: killed by signal 9 (SIGKILL)." in capsys.readouterr().out


WORK = f"{JOB_ID}_map_0"


def worker(name: str = "w1", **fields: Any) -> Client:
    return Client(id=f"id-of-{name}", name=name, **{"apps": ["*"], **fields})


def wait_of(*clients: Client, groups: str = "", app: str = "bwa") -> str:
    """What is said of one queued task."""
    (line,) = waits(job(task("map", cmd=Cmd(name=app)), info=Info(clientgroups=groups)), clients, NOW)
    return line


@pytest.mark.parametrize(
    ("clients", "reason"),
    [
        ([], "no worker is registered"),
        ([worker(group="c"), worker("w2", group="d")], "no worker is of group a or b; there are workers of c, d"),
        ([worker(group="a", apps=["sort", "awk"])], "no worker has the app bwa; there are sort, awk"),
        (
            [worker(group="a", status=ClientState.SUSPEND, suspend_reason="its disk is full", suspended_until=NOW)],
            f"every worker that could take it is suspended: w1 (its disk is full, until {moment(NOW)}); awe workers",
        ),
        (
            [worker(group="a", skip_work=[WORK])],
            "it failed on every worker that could take it: w1; it is tried again, see awe logs 128068d0 map.",
        ),
        (
            [worker(group="b", current_work={"other_x_0": True}), worker("w2", group="c")],
            "every worker that could take it is busy: w1",
        ),
        ([worker(group="b", slots=2, current_work={"other_x_0": True})], "w1 could take it, if"),
    ],
)
def test_a_queued_task_waits_for_a_worker(clients: list[Client], reason: str) -> None:
    assert wait_of(*clients, groups="a, b").startswith(f"Task map is queued: {reason}")


def test_a_task_with_an_image_waits_for_a_worker_that_runs_images() -> None:
    in_image = job(task("map", cmd=Cmd(name="bwa", docker_image="bwa:0.7")))
    (line,) = waits(in_image, [worker(images=False)], NOW)
    assert "no worker that could take it runs commands in container images" in line
    (line,) = waits(in_image, [worker(images=False), worker("w2")], NOW)
    assert "w2 could take it" in line


def test_the_groups_of_a_task_go_before_those_of_its_job() -> None:
    special = job(task("map", clientgroups="big"), info=Info(clientgroups="any"))
    (line,) = waits(special, [worker(group="any")], NOW)
    assert "no worker is of group big" in line


def test_a_task_with_a_walltime_may_wait_for_a_worker_with_more_time() -> None:
    (line,) = waits(job(task("map", walltime=600)), [worker()], NOW)
    assert line.endswith(
        "w1 could take it, if their free disk holds its inputs and they stay for its walltime of 600 s."
    )


def test_a_running_task_names_its_workers_and_its_parts() -> None:
    running = task("map", TaskState.IN_PROGRESS, totalwork=6, remainwork=4, starteddate=NOW - timedelta(minutes=2))
    clients = [worker(current_work={f"{JOB_ID}_map_3": True}), worker("w2"), worker("", current_work={WORK: True})]
    (line,) = waits(job(running), clients, NOW)
    assert line == "Task map runs on w1, id-of-, 2/6 parts done; it was queued 2 min ago."


def test_a_task_that_is_being_prepared() -> None:
    assert list(waits(job(task("map", TaskState.PENDING)), [], NOW)) == [
        "Task map is ready, its files are being prepared."
    ]


def test_a_data_host_that_is_waited_for_is_named() -> None:
    notes = "task a waits: get node n1 at http://shock: 503 no disk; next try at 2026-11-24T12:00:15Z"
    assert f"The server says: {notes}." in told(job(task("a", TaskState.PENDING), notes=notes))


def test_tasks_that_wait_for_others_are_told_in_one_line() -> None:
    blocked = [task(f"t{number}", TaskState.PENDING, after=("map",)) for number in range(12)]
    *_, last = waits(job(task("map"), *blocked), [], NOW)
    assert last == "Waiting for tasks before them: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more."


def test_a_broad_job_is_told_in_a_few_lines() -> None:
    lines = list(waits(job(*[task(f"t{number}") for number in range(1000)]), [], NOW))
    assert len(lines) == 11
    assert lines[-1] == "990 more tasks likewise."
